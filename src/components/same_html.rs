//! Parts of a page that are the same for every person. The server renders such a part once and then repeats its HTML,
//! which saves a page the processor time of rendering elements that never change. Nothing of a person belongs here:
//! everybody gets what was rendered for the first.

use std::sync::OnceLock;

use leptos::{prelude::*, tachys::html::InertElement};

use super::context::use_locale;
use crate::domain::Locale;

/// The number of given answers from which on a part stays the same (`Known::holds` of the cards compares with 1 and 2).
const MOST_GIVEN: i64 = 2;

/// The places of one part: for each language one without a number of given answers and one for each number up to
/// `MOST_GIVEN`.
const PLACES: usize = Locale::ALL.len() * (MOST_GIVEN as usize + 2);

/// The HTML of one part in its places.
pub struct SameHtml([OnceLock<String>; PLACES]);

/// The number of given answers, of which a part tells none, one and more apart.
pub fn at_most_two(given: Option<i64>) -> Option<i64> {
    given.map(|given| given.clamp(0, MOST_GIVEN))
}

impl SameHtml {
    #[expect(clippy::new_without_default, reason = "each part is a static")]
    pub const fn new() -> Self {
        Self([const { OnceLock::new() }; PLACES])
    }

    /// Shows the part in the language of the page. `view` renders it the first time. It may depend on the language, on
    /// `at_most_two(given)` and on nothing else.
    pub fn show(&'static self, given: Option<i64>, view: impl FnOnce() -> AnyView) -> AnyView {
        let number = at_most_two(given).map_or(0, |given| given as usize + 1);
        let place = number * Locale::ALL.len() + usize::from(use_locale() == Locale::En);
        let html = self.0.get(place).map_or("", |kept| kept.get_or_init(|| view().to_html()));
        InertElement::new(html).into_any()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::context::Lang;

    fn shown(part: &'static SameHtml, locale: Locale, given: Option<i64>, text: &'static str) -> String {
        let owner = Owner::new();
        owner.with(|| {
            provide_context(Lang(locale));
            part.show(given, || view! { <p>{text}</p> }.into_any()).to_html()
        })
    }

    #[test]
    fn a_part_is_rendered_once_for_each_language_and_number() {
        static PART: SameHtml = SameHtml::new();
        let first = shown(&PART, Locale::Ko, None, "하나");
        assert!(first.contains("하나"), "{first}");
        assert_eq!(shown(&PART, Locale::Ko, None, "둘"), first, "the second view is not rendered");
        for (number, locale, given) in [
            ("en", Locale::En, None),
            ("0", Locale::Ko, Some(0)),
            ("1", Locale::Ko, Some(1)),
            ("2", Locale::Ko, Some(2)),
            ("en 2", Locale::En, Some(2)),
        ] {
            assert!(shown(&PART, locale, given, number).contains(number), "{number} has a place of its own");
        }
        assert!(shown(&PART, Locale::Ko, Some(300), "300").contains('2'), "more answers change nothing");
    }
}
