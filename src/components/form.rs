//! The one form of the app: every page's forms are made here, so that none can leave out what the server asks of all.
//! Rule R87.

use leptos::prelude::*;

use super::context::use_origin;
use crate::paths::Verb;

/// Posts to a server function. It names for whom its page was drawn (`whose`): for anybody else nothing is done. And it
/// names that page (`from`), which a refusal comes back to (`http/forms.rs`). `tests/forms.rs` walks every one.
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
