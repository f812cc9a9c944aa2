//! The names of the server functions in URLs.

use super::{hold, source::sources};

/// The server functions. Installed apps call them by name: names may be added, but never changed or removed. The reads
/// of pages are not in this list (`reads`): the server renders those pages, so no installed app calls such a read by
/// URL.
pub const ENDPOINTS: &str = "add_passkey ask_hand_over ask_other_device asked_hand_over begin_passkey \
    begin_passkey_proof begin_passkey_sign_in change_announcements change_display change_name change_presence \
    change_push_time change_quiet_hours change_relation change_switches check_invitation confirm_hand_over \
    confirm_other_device confirm_recovery delete_account draw_device end_other_sessions end_return end_session \
    enter_hand_over finish_sign_in_with invite invite_back join keep_recovery lead_out leave_pair make_hand_over \
    move_on nudge pause_pair presence prove prove_by_passkey push_key read_inbox receipt refuse_hand_over \
    refuse_other_device refuse_recovery register_device remove_device remove_passkey rename_device rename_passkey \
    renew_recovery restore_answer resume_pair seen_live sign_in sign_in_by_passkey sign_out sign_up sign_up_with \
    start_again start_pair submit_answer subscribe swap_question take_back_answer take_hand_over test_device today \
    unlink_identity unsubscribe withdraw_hand_over withdraw_invitation";

#[test]
fn what_is_not_written_by_hand_is_a_server_function() {
    let listed = crate::http::not_by_hand();
    let unknown = listed.iter().filter(|name| !ENDPOINTS.split(' ').any(|known| known == **name)).collect::<Vec<_>>();
    assert!(unknown.is_empty(), "{unknown:?}: http/forms.rs");
}

#[test]
fn server_functions_have_the_names_that_installed_apps_know() {
    let mut found = Vec::new();
    let mut broken = Vec::new();
    for source in sources() {
        for (at, line) in source.text.lines().enumerate().filter(|(_, line)| line.starts_with("#[server")) {
            let endpoint = line.split_once("endpoint = \"").and_then(|(_, rest)| rest.split_once('"'));
            match endpoint {
                Some((name, _)) if source.top_module() == "api" => found.push(name.to_owned()),
                Some(_) => broken.push(source.at(at + 1, "server functions live in api")),
                None => broken.push(source.at(at + 1, "without an endpoint the URL holds a hash of the build folder")),
            }
        }
    }
    hold(broken);
    found.sort_unstable();
    assert_eq!(found, ENDPOINTS.split(' ').collect::<Vec<_>>(), "a server function was added, renamed or lost");
}
