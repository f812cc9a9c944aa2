//! A request knows nothing of another request that is served on the same thread.

use leptos::prelude::{Owner, provide_context};

use super::app::TestApp;
use crate::server::services::reader::{self, Reader};

/// Leptos makes a page's owner the current owner of its thread and leaves it there until another page begins. The test
/// and the app share one thread.
#[tokio::test]
async fn a_server_function_reads_nothing_of_a_page_that_is_rendered_beside_it() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let (child, parent) = (pair.child.today(pair.id).await, pair.parent.today(pair.id).await);
    assert_ne!(child.as_of, parent.as_of, "their feeds differ");

    let person = app.session_of(&pair.parent).await.person;
    let home = reader::home_of(&app.state, &Reader { person, home: None }).await.expect("the parent's home");
    let page = Owner::new_root(None);
    page.with(|| provide_context(home));

    assert_eq!(pair.child.today(pair.id).await.as_of, child.as_of, "the number of the child's own feed");
    drop(page);
}
