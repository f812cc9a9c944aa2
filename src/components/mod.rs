//! Markup that pages share: props in, events out. Nothing here fetches or decides.

pub mod answer_form;
pub mod code;
pub mod context;
pub mod fields;
pub mod form;
pub mod install_cards;
pub mod leaves;
pub mod live_page;
pub mod problem;
pub mod push_cards;
pub mod question;
pub mod same_html;
pub mod shown_when;
pub mod site_header;
pub mod tab_notices;
pub mod tabs;
pub mod unsent;
pub mod windows;
