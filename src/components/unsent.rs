//! The element for the texts on this device that cannot become an answer, each with its reason.

use leptos::prelude::*;

use super::context::use_words;

/// The element for texts that cannot become an answer, hidden until `client/aside.ts` has texts to show. The script
/// uses the last such element of a page and the sentences in its attributes. An island would add 5.4 kB to what every
/// page loads (`docs/MEASURED.md`).
#[component]
pub fn UnsentTexts() -> impl IntoView {
    let words = use_words();
    view! {
        <div class="said" role="status"><section
            class="notice warn unsent"
            data-unsent
            data-already-open=words.opened_while_writing
            data-swapped=words.draft_before_swap
            data-answered-elsewhere=words.answered_elsewhere
            data-shared=words.draft_shared
            data-elsewhere=words.draft_elsewhere
            data-answer-too-long=words.err_answer_too_long
            data-answer-forbidden=words.err_answer_forbidden
            data-pair-closed=words.err_pair_closed
            data-other=words.draft_kept
            data-copy=words.copy_text
            data-copied=words.text_copied
            data-drop=words.drop_text
            hidden
        ></section></div>
    }
}
