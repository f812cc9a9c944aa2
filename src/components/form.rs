//! The only form components of the app. Every page makes its forms with them, so that no form leaves out the fields
//! that the server requires of all forms. Rule R87.

use leptos::prelude::*;

use super::context::use_origin;
use crate::paths::Verb;

/// A form that posts to a server function. `whose` names the person for whom the page was rendered: the server does
/// nothing for anybody else. `from` names the page that shows a refusal (`http/forms.rs`). `tests/forms.rs` tests every
/// form.
#[component]
pub fn Form(verb: Verb, #[prop(optional)] class: Option<&'static str>, children: Children) -> impl IntoView {
    let origin = use_origin();
    view! {
        <form class=class method="post" action=verb.url()>
            <input type="hidden" name="whose" value=origin.whose/>
            <input type="hidden" name="from" value=origin.from/>
            {children()}
        </form>
    }
}

/// A form with a file, which posts to a route of its own and not to a server function (RFC 7578).
#[component]
pub fn FileForm(action: &'static str, children: Children) -> impl IntoView {
    let origin = use_origin();
    view! {
        <form class="form" method="post" action=action enctype="multipart/form-data">
            <input type="hidden" name="whose" value=origin.whose/>
            <input type="hidden" name="from" value=origin.from/>
            {children()}
        </form>
    }
}
