//! The main picture of the app: two windows of one tiled house, each open and lit when its member has answered. The
//! text next to the picture says the same. All colours, the doors and the one-time light are CSS
//! (`style/components/windows.css`). The constant markup below never contains anything that a person wrote.

use leptos::prelude::*;

use crate::domain::{Hour, Relation, TimeOfYear};

/// One window: the member's relation (`None`: nobody has joined yet) and whether the member has answered.
#[derive(Clone, PartialEq, Debug)]
pub struct Seat {
    pub relation: Option<Relation>,
    pub is_lit: bool,
}

/// The house. `left` is always the parent's window, `right` the child's. A page may contain one house only, because its
/// gradients have ids.
#[component]
pub fn Windows(
    #[prop(into)] left: Signal<Seat>,
    #[prop(into)] right: Signal<Seat>,
    time_of_year: TimeOfYear,
    hour: Hour,
    #[prop(into)] label: Signal<String>,
) -> impl IntoView {
    let class = move || {
        let both = if left.with(|seat| seat.is_lit) && right.with(|seat| seat.is_lit) { " both" } else { "" };
        format!("windows {} {}{both}", time_of_year_class(time_of_year), hour_class(hour))
    };

    view! {
        <svg
            class=class
            viewBox="0 0 400 440"
            preserveAspectRatio="xMidYMax slice"
            role="img"
            aria-label=move || label.get()
        >
            <g aria-hidden="true" inner_html=drawn(SKY)></g>
            <g aria-hidden="true" inner_html=drawn(HOUSE)></g>
            <g aria-hidden="true" inner_html=time_of_year_markup(time_of_year)></g>
            <g aria-hidden="true" inner_html=drawn(LIGHT)></g>
            {seat_window(left, "translate(76 288)", POT)}
            {seat_window(right, "translate(324 288) scale(-1 1)", BOOKS)}
        </svg>
    }
}

/// A simple drawing of the house, for pages where it is only decoration.
#[component]
pub fn LittleHouse(lit_left: bool, lit_right: bool) -> impl IntoView {
    let class = match (lit_left, lit_right) {
        (true, true) => "little-house left right",
        (true, false) => "little-house left",
        (false, true) => "little-house right",
        (false, false) => "little-house",
    };

    view! { <svg class=class viewBox="0 0 160 100" aria-hidden="true" inner_html=LITTLE_HOUSE></svg> }
}

/// Returns constant markup on the server, and an empty text in the browser half. Hydration leaves `inner_html` as it
/// is, so the WASM need not contain the markup.
fn drawn(markup: &'static str) -> &'static str {
    if cfg!(target_arch = "wasm32") { "" } else { markup }
}

/// One window in its own 84 × 78 coordinate space. The right window is mirrored so that the two figures face each
/// other.
fn seat_window(seat: Signal<Seat>, place: &'static str, thing: &'static str) -> impl IntoView {
    view! {
        <g class=move || seat.with(Seat::class) transform=place aria-hidden="true">
            <g inner_html=drawn(ROOM)></g>
            <g inner_html=drawn(DOORS)></g>
            <g class="figure" inner_html=move || seat.with(Seat::figure)></g>
            <g class="thing" inner_html=drawn(thing)></g>
        </g>
    }
}

fn time_of_year_class(time_of_year: TimeOfYear) -> &'static str {
    match time_of_year {
        TimeOfYear::Spring => "spring",
        TimeOfYear::Summer => "summer",
        TimeOfYear::Autumn => "autumn",
        TimeOfYear::Winter => "winter",
    }
}

fn time_of_year_markup(time_of_year: TimeOfYear) -> &'static str {
    match time_of_year {
        TimeOfYear::Spring => SPRING,
        TimeOfYear::Summer => SUMMER,
        TimeOfYear::Autumn => AUTUMN,
        TimeOfYear::Winter => WINTER,
    }
}

fn hour_class(hour: Hour) -> &'static str {
    match hour {
        Hour::Day => "day",
        Hour::Dusk => "dusk",
        Hour::Night => "night",
    }
}

impl Seat {
    fn class(&self) -> &'static str {
        match (&self.relation, self.is_lit) {
            (None, _) => "window vacant",
            (Some(_), true) => "window lit",
            (Some(_), false) => "window",
        }
    }

    fn figure(&self) -> &'static str {
        match self.relation {
            None => KEY,
            Some(Relation::Mother) => MOTHER,
            Some(Relation::Father) => FATHER,
            Some(Relation::Grandmother) => GRANDMOTHER,
            Some(Relation::Grandfather) => GRANDFATHER,
            Some(Relation::Daughter) => DAUGHTER,
            Some(Relation::Son) => SON,
            Some(Relation::Other(_)) => OTHER,
        }
    }
}

const SKY: &str = r##"<defs><linearGradient id="scene-sky" x2="0" y2="1"><stop class="sky-1"/><stop class="sky-2" offset=".42"/><stop class="sky-3" offset=".66"/></linearGradient><radialGradient id="scene-room" cy=".3" r=".8"><stop class="room-1"/><stop class="room-2" offset=".55"/><stop class="room-3" offset="1"/></radialGradient><radialGradient id="scene-halo"><stop class="halo-1"/><stop class="halo-2" offset=".5"/><stop class="halo-3" offset="1"/></radialGradient></defs><path fill="url(#scene-sky)" d="M0 0H400V440H0Z"/><path class="hill" d="M0 316Q50 272 110 284T230 264T400 290V440H0Z"/><path class="hill near" d="M0 338Q40 306 100 320T400 312V440H0Z"/>"##;

const HOUSE: &str = r##"<path class="ground" d="M0 394Q200 384 400 394V440H0Z"/><path class="plaster" d="M34 264H366V374H34Z"/><path class="shadow" d="M34 264H366V284Q200 304 34 284Z"/><path class="wood" d="M34 264h9V374h-9ZM195.5 264h9V374h-9ZM357 264h9V374h-9ZM34 368H366v6H34Z"/><path class="roof" d="M80 212Q200 226 320 212C330 236 352 249 391 251L388 261Q290 279 200 279Q110 279 12 261L9 251C48 249 70 236 80 212Z"/><path class="ribs" d="M96 217Q84 246 46 263M115 219Q106 250 78 268M134 220Q128 252 108 272M154 221Q150 254 136 275M174 222Q172 255 164 277M194 222Q193 256 191 278M226 222Q228 255 236 277M246 221Q250 254 264 275M266 220Q272 252 292 272M285 219Q294 250 322 268M304 217Q316 246 354 263M210 222Q210 256 213 278"/><path class="ridge" d="M73 206Q92 216 200 219Q308 216 327 206"/><path class="eave" d="M12 258Q110 276 200 276Q290 276 388 258"/><path class="under" d="M38 382H362V398H38Z"/><path class="floor" d="M24 374H376V384H24Z"/><path class="edge" d="M24 382H376M62 375v7M150 375v7M250 375v7M338 375v7"/><path class="stone" d="M88 394h60l6 12H82ZM252 394h60l6 12H246Z"/><path class="jar" d="M3 372h16q7 10 3 20q-2 10-7 12H7q-6-4-7-12q-2-12 3-20ZM28 384h11q5 8 2 14q-2 8-5 10H31q-4-3-5-10q-1-8 2-14Z"/><path class="lid" d="M1 369h20v4H1ZM26 381h15v4H26Z"/><path class="bark" d="M386 404C388 336 368 270 348 214M362 262Q368 240 394 230M353 236Q334 224 310 218M348 216Q336 186 312 166M348 218Q352 186 380 162"/>"##;

const SPRING: &str = r##"<path class="crown" d="M296 196q-10-34 22-46q18-32 50-10q34 0 32 36q2 40-30 44q-14 20-38 8q-30 6-36-32Z"/><path class="petals" d="M300 206Q330 150 352 190T392 160Q360 120 322 160T352 228Q386 220 384 190T330 214"/><path class="petals pale" d="M308 176Q340 128 372 150T366 214Q330 234 316 208T348 168Q384 172 392 202"/><path class="fallen" d="M276 238L302 410M232 190L392 404M150 202L60 408M180 408L330 414"/>"##;

const SUMMER: &str = r##"<path class="crown" d="M292 200q-14-38 22-52q18-36 54-14q38 0 34 42q4 44-30 48q-14 22-40 8q-32 8-40-32Z"/><path class="petals" d="M304 206Q330 150 352 190T392 160Q360 120 322 160T352 228Q386 220 384 190T330 214"/><path class="petals pale" d="M308 176Q340 128 372 150T366 214Q330 234 316 208"/><path class="fireflies" d="M8 352Q60 330 50 398T170 412T280 408T392 372Q398 330 372 312"/>"##;

const AUTUMN: &str = r##"<path class="crown" d="M296 196q-10-34 22-46q18-32 50-10q34 0 32 36q2 40-30 44q-14 20-38 8q-30 6-36-32Z"/><path class="petals" d="M300 206Q330 150 352 190T392 160Q360 120 322 160T352 228Q386 220 384 190T330 214"/><path class="persimmons" d="M312 190h0M338 178h0M366 168h0M382 204h0M350 212h0M324 216h0M392 182h0"/><path class="fallen" d="M284 240L300 404M382 236L388 410M230 410L372 414M60 412L168 410"/>"##;

const WINTER: &str = r##"<path class="snow" d="M10 251C48 249 68 234 76 212Q90 209 200 216Q310 209 324 212C332 234 352 249 390 251Q352 258 330 240Q310 248 292 236Q262 244 240 232Q214 240 190 230Q160 242 136 234Q106 246 88 236Q56 258 10 251ZM0 394Q200 384 400 394V440H0ZM0 370q11-9 22 0ZM25 382q8-7 17 0ZM44 374q8-5 18 0ZM344 374q12-6 26 0Z"/><path class="snow-twigs" d="M361 259Q368 238 394 228M352 233Q334 221 310 216M347 213Q336 183 312 164M349 214Q352 184 379 160M73 203Q92 213 200 216Q308 213 327 203"/><path class="persimmons" d="M316 176h0M374 172h0M384 232h0"/><path class="flakes" d="M10 20L390 120M6 190L330 170M20 244L240 190M372 270L390 380M8 300L30 360M120 60L300 200M60 408L330 400"/>"##;

const LIGHT: &str = r##"<path class="veil" d="M0 0H400V440H0Z"/><path class="stars" d="M20 30L380 52M44 108L352 20M12 168L280 96M16 194L276 188M110 200L250 150"/><circle class="moon-halo" fill="url(#scene-halo)" cx="46" cy="214" r="36"/><circle class="moon" cx="46" cy="214" r="13"/><ellipse class="meet" fill="url(#scene-halo)" cx="200" cy="334" rx="216" ry="130"/>"##;

const ROOM: &str = r##"<circle class="halo" fill="url(#scene-halo)" cx="42" cy="40" r="104"/><path class="spill" d="M8 86H76L102 152H-18Z"/><path class="frame" d="M-5-5H89V84H-5Z"/><path class="dark" d="M0 0H84V78H0Z"/><path class="glow" fill="url(#scene-room)" d="M0 0H84V78H0Z"/><path class="lamp-cord" d="M62 0V12"/><path class="lamp" d="M54 20Q55 12 62 12T70 20Z"/>"##;

const DOORS: &str = r##"<g class="door"><path class="paper" d="M0 0H42V78H0Z"/><path class="bars" d="M1 1H41V77H1ZM14.5 0V78M27.5 0V78M0 14H42M0 64H42"/></g><g class="door far"><path class="paper" d="M42 0H84V78H42Z"/><path class="bars" d="M43 1H83V77H43ZM56.5 0V78M69.5 0V78M42 14H84M42 64H84"/></g><path class="handles" d="M37 39h0M47 39h0"/>"##;

const POT: &str = r##"<path class="stems" d="M-16 66Q-18 52-24 48M-16 66Q-16 50-14 44M-16 66Q-13 54-8 51"/><path class="bloom" d="M-25 47h0M-14 42h0M-7 50h0"/><path class="pot" d="M-25 66H-7L-9.5 84H-22.5Z"/><path class="shoes rubber" d="M26 104q9 2 14 0q1 6-2 6H28q-3-1-2-6ZM44 104q9 2 14 0q1 6-2 6H46q-3-1-2-6Z"/>"##;

const BOOKS: &str = r##"<path class="book a" d="M-30 78H-4V84H-30Z"/><path class="book b" d="M-27 72.5H-6V78H-27Z"/><path class="book c" d="M-29 67H-9V72.5H-29Z"/><path class="shoes canvas" d="M26 110v-5q4-2 6 0q2 2 7 2q3 1 2 3ZM45 110v-5q4-2 6 0q2 2 7 2q3 1 2 3Z"/>"##;

const KEY: &str = r##"<path class="cord" d="M42 8Q37 20 42 28Q47 20 42 8"/><path class="key" d="M42 42a7 7 0 1 1 .1 0V66M42 56h7M42 64h6"/>"##;

const MOTHER: &str = r##"<path class="cloth rose" d="M12 78Q12 58 32 55L46 55Q62 58 63 78Z"/><path class="skin" d="M33 46H45V55Q39 61 32 56ZM49 26Q53 34 56 39Q55 41 53 41Q54 50 46 49Q34 50 30 40L32 24Z"/><path class="hair" d="M50 29Q44 33 42 32Q42 37 37 39Q38 46 33 49Q24 50 24 42Q18 38 22 32Q20 24 27 22Q30 14 38 17Q46 14 49 20Q54 23 50 29Z"/><path class="wire" d="M46 34q2 1.8 4 0"/>"##;

const FATHER: &str = r##"<path class="cloth moss" d="M8 78Q8 60 30 56L48 56Q67 60 68 78Z"/><path class="skin" d="M32 46H46V57Q39 63 31 57ZM50 24Q54 33 57 38Q56 40 54 40Q55 50 46 49Q34 49 31 40L33 24Z"/><path class="hair" d="M52 26Q44 27 41 27Q41 33 38 36Q36 42 32 42Q25 32 29 23Q35 14 45 16Q53 18 52 26Z"/><path class="wire" d="M38 34H46M46 31h7v5h-7Z"/>"##;

const GRANDMOTHER: &str = r##"<path class="cloth plum" d="M10 78Q9 62 29 58L45 60Q58 64 59 78Z"/><path class="skin" d="M33 50H46V60Q39 64 32 58ZM51 31Q54 38 57 43Q56 45 54 45Q55 54 47 53Q36 54 32 44L34 30Z"/><path class="hair grey" d="M52 32Q44 33 42 39Q40 46 35 48Q28 44 29 35Q31 24 42 23Q51 24 52 32ZM30 37a8 8 0 1 0 .1 9Z"/><path class="wire" d="M14 36L30 46M47 38q2 1.8 4 0"/>"##;

const GRANDFATHER: &str = r##"<path class="cloth slate" d="M9 78Q8 61 30 57L46 58Q62 62 63 78Z"/><path class="skin" d="M32 48H46V58Q39 63 31 57ZM50 28Q54 36 57 41Q56 43 54 43Q55 52 46 52Q34 52 31 42L33 28Z"/><path class="hair grey" d="M31 30H41Q41 36 38 39Q37 44 33 45Q27 38 31 30Z"/><path class="hair" d="M29 30Q29 18 42 18Q52 19 53 28Q60 28 62 31Q50 33 29 30Z"/><path class="wire" d="M38 37H46M46 34h7v5h-7Z"/>"##;

const DAUGHTER: &str = r##"<path class="cloth sky" d="M14 78Q14 61 33 57L46 57Q60 61 61 78Z"/><path class="skin" d="M34 47H45V57Q39 62 33 57ZM49 28Q53 36 55 40Q54 42 52 42Q53 50 46 50Q35 50 32 41L34 27Z"/><path class="hair" d="M51 30Q43 32 41 31Q41 38 37 40Q36 44 32 42L29 38Q28 44 24 54Q20 62 13 60Q18 54 17 45Q16 34 27 30Q29 19 40 18Q51 20 51 30Z"/><path class="wire" d="M46 34q2 1.8 4 0"/>"##;

const SON: &str = r##"<path class="cloth navy" d="M12 78Q12 61 32 57L46 57Q62 61 63 78Z"/><path class="skin" d="M33 47H45V57Q39 62 32 57ZM49 28Q53 36 56 40Q55 42 53 42Q54 51 46 50Q34 50 31 41L33 27Z"/><path class="hair" d="M54 27Q50 33 45 29Q42 33 40 32Q41 37 37 39Q35 43 31 42Q25 34 28 26Q27 22 30 21Q35 15 41 18Q49 15 51 20Q56 22 54 27Z"/><path class="wire" d="M46 34q2 1.8 4 0"/>"##;

const OTHER: &str = r##"<path class="cloth moss" d="M12 78Q12 60 32 57L46 57Q62 60 63 78Z"/><path class="skin" d="M33 47H45V57Q39 62 32 57ZM49 28Q53 36 56 40Q55 42 53 42Q54 50 46 50Q34 50 31 41L33 27Z"/><path class="hair" d="M52 30Q44 32 41 31Q41 38 38 41Q38 48 33 50Q23 50 26 32Q28 18 40 18Q52 19 52 30Z"/><path class="wire" d="M46 34q2 1.8 4 0"/>"##;

const LITTLE_HOUSE: &str = r##"<path class="wall" d="M22 44H138V88H22Z"/><path class="roof" d="M34 18Q80 26 126 18Q134 36 156 40L154 46Q80 56 6 46L4 40Q26 36 34 18Z"/><path class="ridge" d="M30 16Q80 24 130 16"/><path class="pane left" d="M40 56H68V84H40Z"/><path class="pane right" d="M92 56H120V84H92Z"/><path class="bars" d="M54 56V84M40 70H68M106 56V84M92 70H120"/><path class="wall floor" d="M14 88H146V94H14Z"/>"##;
