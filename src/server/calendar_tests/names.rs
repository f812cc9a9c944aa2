//! The names of zones: which are offered, which are stored, and from which database they come.

use super::*;

#[test]
fn a_zone_nobody_knows_is_an_answer_and_a_stored_one_keeps_its_last_offset() {
    let name = |text: &str| ZoneName::parse(text).expect("a name");
    // localtime and posixrules are whatever the server itself is set to, right/ counts leap seconds, Factory is a
    // placeholder.
    let unknown = [
        "localtime",
        "posixrules",
        "right/Asia/Seoul",
        "Factory",
        "Asia/Atlantis",
        "Seoul",
        "Etc/Unknown",
        "POSIX/Asia/Seoul",
    ];
    let known: Vec<&str> = unknown.into_iter().filter(|text| Zone::of(&name(text)).is_ok()).collect();
    assert!(known.is_empty(), "taken for zones: {known:?}");
    let at = utc("2026-11-22T23:30:00Z");
    let lost = name("Asia/Atlantis").with_offset(Some(9 * 3_600));
    assert_eq!((Zone::stored(&lost).date(at), Zone::stored(&lost).minute(at)), (date("2026-11-23"), 8 * 60 + 30));
    assert_eq!(Zone::chosen(lost.clone(), &lost, at).expect("what is stored").last_offset_s(), Some(9 * 3_600));
    assert_eq!(Zone::chosen(lost, &name("Asia/Seoul"), at), Err(UnknownZone));
    assert_eq!(Zone::stored(&name("Asia/Seoul")).date(at), date("2026-11-23"));
}

#[test]
fn the_offered_names_are_places_sorted_and_all_of_them_exist() {
    let names = zone_names();
    assert!(names.is_sorted());
    for name in &names {
        let stored = ZoneName::parse(name).expect("a name that can be stored");
        assert!(Zone::of(&stored).is_ok(), "{name}");
        assert!(
            name.contains('/')
                && !name.starts_with("Etc/")
                && !name.starts_with("posix/")
                && !name.starts_with("right/"),
            "{name}"
        );
    }
    for name in
        ["Asia/Seoul", "America/New_York", "Europe/London", "Pacific/Kiritimati", "America/Argentina/Buenos_Aires"]
    {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn the_bundled_database_answers_where_the_system_s_does_not() {
    let none = TimeZoneDatabase::none();
    let names = [
        "Asia/Calcutta",
        "Asia/Saigon",
        "Asia/Katmandu",
        "Europe/Kiev",
        "America/Indianapolis",
        "America/Buenos_Aires",
        "Asia/Seoul",
        "Etc/GMT-9",
    ];
    for text in names {
        let name = ZoneName::parse(text).expect("a name");
        assert!(Zone::of_databases(&name, &none, &none).is_err(), "{text}: no database");
        assert!(Zone::of_databases(&name, &none, &BUNDLED).is_ok(), "{text}: no system's");
        assert!(Zone::of_databases(&name, &BUNDLED, &none).is_ok(), "{text}: the system's");
    }
}

#[test]
fn a_name_is_stored_as_the_database_spells_it() {
    let now = utc("2026-11-22T12:00:00Z");
    let named = |text: &str| {
        Zone::named(&ZoneName::parse(text).expect("a name"), now)
            .map(|name| (name.as_str().to_owned(), name.last_offset_s()))
    };
    assert_eq!(named("asia/SEOUL"), Ok(("Asia/Seoul".to_owned(), Some(32_400))));
    assert_eq!(named("etc/gmt-9"), Ok(("Etc/GMT-9".to_owned(), Some(32_400))));
    assert_eq!(named("America/New_York"), Ok(("America/New_York".to_owned(), Some(-18_000))));
    assert_eq!(
        named("asia/calcutta").map(|(name, _)| name),
        Ok("Asia/Calcutta".to_owned()),
        "a link stays what the browser said"
    );
    assert_eq!(named("Mars/Olympus"), Err(UnknownZone));
}

#[test]
fn forms_offer_what_is_stored_first_and_a_city_for_every_way_of_keeping_time() {
    let now = utc("2026-11-22T12:00:00Z");
    for own in ["Asia/Calcutta", "Etc/GMT-9", "America/Boise", "Asia/Atlantis"] {
        let own = ZoneName::parse(own).expect("a name").with_offset(Some(32_400));
        let offered = zone_choices(Some(&own), Locale::Ko, now);
        assert_eq!(offered[0].0, own);
        assert_eq!(
            offered.iter().filter(|(zone, _)| crate::text::cities::is_same_city(zone.as_str(), own.as_str())).count(),
            1,
            "{own:?}"
        );
    }
    let clocks =
        |zone: &Zone| (0..DAYS / 4).map(|days| zone.offset_s(start().plus(4 * days * Millis::DAY))).collect::<Vec<_>>();
    let cities: Vec<Vec<i32>> = crate::text::cities::CITIES.iter().map(|(name, _)| clocks(&zone(name))).collect();
    let lives: Vec<String> = zone_names().into_iter().filter(|name| !name.starts_with("Antarctica/")).collect();
    let without: Vec<String> = lives.into_iter().filter(|name| !cities.contains(&clocks(&zone(name)))).collect();
    assert!(without.is_empty(), "{without:?}");
}
