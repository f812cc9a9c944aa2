//! The only form component of the app. Every page makes its forms with `Form`, so that no form leaves out the fields
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
