//! Names of time zones for the reader: the best-known city and its current time. The list has at least one city for
//! every time zone in use, and every city in which many Korean families live.

use crate::domain::Locale;

/// IANA zones that forms offer, each with the Korean name of its city. The zone name contains the English city name.
pub const CITIES: [(&str, &str); 143] = [
    ("Asia/Seoul", "서울"),
    ("Asia/Pyongyang", "평양"),
    ("Asia/Tokyo", "도쿄"),
    ("Asia/Shanghai", "베이징·상하이"),
    ("Asia/Urumqi", "우루무치"),
    ("Asia/Hong_Kong", "홍콩"),
    ("Asia/Macau", "마카오"),
    ("Asia/Taipei", "타이베이"),
    ("Asia/Ulaanbaatar", "울란바토르"),
    ("Asia/Manila", "마닐라"),
    ("Asia/Singapore", "싱가포르"),
    ("Asia/Kuala_Lumpur", "쿠알라룸푸르"),
    ("Asia/Brunei", "브루나이"),
    ("Asia/Jakarta", "자카르타"),
    ("Asia/Makassar", "발리·마카사르"),
    ("Asia/Jayapura", "자야푸라"),
    ("Asia/Dili", "딜리"),
    ("Asia/Ho_Chi_Minh", "호찌민·하노이"),
    ("Asia/Phnom_Penh", "프놈펜"),
    ("Asia/Vientiane", "비엔티안"),
    ("Asia/Bangkok", "방콕"),
    ("Asia/Yangon", "양곤"),
    ("Asia/Dhaka", "다카"),
    ("Asia/Thimphu", "팀푸"),
    ("Asia/Kathmandu", "카트만두"),
    ("Asia/Kolkata", "델리·콜카타"),
    ("Asia/Colombo", "콜롬보"),
    ("Indian/Maldives", "몰디브"),
    ("Asia/Karachi", "카라치"),
    ("Asia/Kabul", "카불"),
    ("Asia/Tashkent", "타슈켄트"),
    ("Asia/Almaty", "알마티"),
    ("Asia/Bishkek", "비슈케크"),
    ("Asia/Dushanbe", "두샨베"),
    ("Asia/Ashgabat", "아시가바트"),
    ("Asia/Baku", "바쿠"),
    ("Asia/Tbilisi", "트빌리시"),
    ("Asia/Yerevan", "예레반"),
    ("Asia/Tehran", "테헤란"),
    ("Asia/Dubai", "두바이·아부다비"),
    ("Asia/Muscat", "무스카트"),
    ("Asia/Qatar", "도하"),
    ("Asia/Bahrain", "바레인"),
    ("Asia/Kuwait", "쿠웨이트"),
    ("Asia/Riyadh", "리야드"),
    ("Asia/Baghdad", "바그다드"),
    ("Asia/Amman", "암만"),
    ("Asia/Beirut", "베이루트"),
    ("Asia/Jerusalem", "예루살렘·텔아비브"),
    ("Asia/Gaza", "가자"),
    ("Asia/Nicosia", "니코시아"),
    ("Asia/Vladivostok", "블라디보스토크"),
    ("Asia/Sakhalin", "사할린"),
    ("Asia/Yakutsk", "야쿠츠크"),
    ("Asia/Irkutsk", "이르쿠츠크"),
    ("Asia/Novosibirsk", "노보시비르스크"),
    ("Asia/Omsk", "옴스크"),
    ("Asia/Yekaterinburg", "예카테린부르크"),
    ("Asia/Kamchatka", "캄차카"),
    ("Europe/Moscow", "모스크바"),
    ("Europe/Samara", "사마라"),
    ("Europe/Minsk", "민스크"),
    ("Europe/Istanbul", "이스탄불"),
    ("Europe/Kyiv", "키이우"),
    ("Europe/Chisinau", "키시너우"),
    ("Europe/Athens", "아테네"),
    ("Europe/Bucharest", "부쿠레슈티"),
    ("Europe/Sofia", "소피아"),
    ("Europe/Helsinki", "헬싱키"),
    ("Europe/Berlin", "베를린·프랑크푸르트"),
    ("Europe/Paris", "파리"),
    ("Europe/Amsterdam", "암스테르담"),
    ("Europe/Brussels", "브뤼셀"),
    ("Europe/Zurich", "취리히"),
    ("Europe/Vienna", "빈"),
    ("Europe/Prague", "프라하"),
    ("Europe/Budapest", "부다페스트"),
    ("Europe/Warsaw", "바르샤바"),
    ("Europe/Rome", "로마·밀라노"),
    ("Europe/Madrid", "마드리드·바르셀로나"),
    ("Europe/Stockholm", "스톡홀름"),
    ("Europe/Oslo", "오슬로"),
    ("Europe/Copenhagen", "코펜하겐"),
    ("Europe/London", "런던"),
    ("Europe/Dublin", "더블린"),
    ("Europe/Lisbon", "리스본"),
    ("Atlantic/Azores", "아소르스"),
    ("Atlantic/Reykjavik", "레이캬비크"),
    ("Atlantic/Cape_Verde", "카보베르데"),
    ("Africa/Casablanca", "카사블랑카"),
    ("Africa/Abidjan", "아비장"),
    ("Africa/Lagos", "라고스"),
    ("Africa/Cairo", "카이로"),
    ("Africa/Johannesburg", "요하네스버그"),
    ("Africa/Nairobi", "나이로비"),
    ("Africa/Addis_Ababa", "아디스아바바"),
    ("America/Nuuk", "누크"),
    ("America/Miquelon", "미클롱"),
    ("America/Noronha", "노로냐"),
    ("America/St_Johns", "세인트존스"),
    ("America/Halifax", "핼리팩스"),
    ("America/Toronto", "토론토"),
    ("America/New_York", "뉴욕·워싱턴·애틀랜타"),
    ("America/Indiana/Indianapolis", "인디애나폴리스"),
    ("America/Chicago", "시카고·댈러스"),
    ("America/Winnipeg", "위니펙"),
    ("America/Regina", "리자이나"),
    ("America/Denver", "덴버"),
    ("America/Edmonton", "에드먼턴·캘거리"),
    ("America/Phoenix", "피닉스"),
    ("America/Los_Angeles", "로스앤젤레스·시애틀"),
    ("America/Vancouver", "밴쿠버"),
    ("America/Anchorage", "앵커리지"),
    ("America/Mexico_City", "멕시코시티"),
    ("America/Havana", "아바나"),
    ("America/Bogota", "보고타"),
    ("America/Lima", "리마"),
    ("America/Santiago", "산티아고"),
    ("America/Asuncion", "아순시온"),
    ("America/Sao_Paulo", "상파울루"),
    ("America/Argentina/Buenos_Aires", "부에노스아이레스"),
    ("Pacific/Honolulu", "호놀룰루"),
    ("Pacific/Guam", "괌"),
    ("Australia/Perth", "퍼스"),
    ("Australia/Darwin", "다윈"),
    ("Australia/Adelaide", "애들레이드"),
    ("Australia/Brisbane", "브리즈번"),
    ("Australia/Sydney", "시드니"),
    ("Australia/Melbourne", "멜버른"),
    ("Pacific/Auckland", "오클랜드"),
    ("America/Puerto_Rico", "푸에르토리코"),
    ("America/Adak", "에이댁"),
    ("Australia/Eucla", "유클라"),
    ("Australia/Lord_Howe", "로드하우섬"),
    ("Pacific/Apia", "아피아"),
    ("Pacific/Chatham", "채텀 제도"),
    ("Pacific/Easter", "이스터섬"),
    ("Pacific/Pago_Pago", "파고파고"),
    ("Pacific/Gambier", "갬비어 제도"),
    ("Pacific/Kiritimati", "키리티마티"),
    ("Pacific/Marquesas", "마르키즈 제도"),
    ("Pacific/Norfolk", "노퍽섬"),
    ("Pacific/Pitcairn", "핏케언섬"),
];

/// Older zone names that browsers still send, each with its current name.
const EARLIER: [(&str, &str); 21] = [
    ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ("America/Fort_Wayne", "America/Indiana/Indianapolis"),
    ("America/Godthab", "America/Nuuk"),
    ("America/Indianapolis", "America/Indiana/Indianapolis"),
    ("Asia/Ashkhabad", "Asia/Ashgabat"),
    ("Asia/Calcutta", "Asia/Kolkata"),
    ("Asia/Chongqing", "Asia/Shanghai"),
    ("Asia/Dacca", "Asia/Dhaka"),
    ("Asia/Katmandu", "Asia/Kathmandu"),
    ("Asia/Macao", "Asia/Macau"),
    ("Asia/Rangoon", "Asia/Yangon"),
    ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
    ("Asia/Tel_Aviv", "Asia/Jerusalem"),
    ("Asia/Thimbu", "Asia/Thimphu"),
    ("Asia/Ujung_Pandang", "Asia/Makassar"),
    ("Asia/Ulan_Bator", "Asia/Ulaanbaatar"),
    ("Atlantic/Faeroe", "Atlantic/Faroe"),
    ("Europe/Kiev", "Europe/Kyiv"),
    ("Europe/Nicosia", "Asia/Nicosia"),
    ("Pacific/Truk", "Pacific/Chuuk"),
    ("US/Pacific", "America/Los_Angeles"),
];

fn current(zone: &str) -> &str {
    EARLIER.iter().find(|(earlier, _)| *earlier == zone).map_or(zone, |(_, now)| *now)
}

/// Whether two zone names mean the same zone, one of them perhaps an older name.
pub fn is_same_city(one: &str, other: &str) -> bool {
    current(one) == current(other)
}

/// The name of a zone's city. A fixed offset is written like `UTC+9`.
pub fn city(locale: Locale, zone: &str) -> String {
    if let Some(offset) = zone.strip_prefix("Etc/GMT") {
        // `Etc/` names have POSIX signs: plus means west of Greenwich, so the sign is inverted here.
        return match offset.split_at_checked(1) {
            Some(("-", hours)) => format!("UTC+{hours}"),
            Some(("+", hours)) => format!("UTC-{hours}"),
            _ => "UTC".to_owned(),
        };
    }
    let known = current(zone);
    match CITIES.iter().find(|(name, _)| locale == Locale::Ko && *name == known) {
        Some((_, city)) => (*city).to_owned(),
        None => known.rsplit('/').next().unwrap_or(known).replace('_', " "),
    }
}

/// A time of day in its short form, for a list of zones: `오후 9:12`, `9:12 pm`. `minute` is the minute of the day.
pub fn clock(locale: Locale, minute: i64) -> String {
    let (hour, minute) = (minute / 60 % 24, minute % 60);
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    match (locale, hour < 12) {
        (Locale::Ko, true) => format!("오전 {twelve}:{minute:02}"),
        (Locale::Ko, false) => format!("오후 {twelve}:{minute:02}"),
        (Locale::En, true) => format!("{twelve}:{minute:02} am"),
        (Locale::En, false) => format!("{twelve}:{minute:02} pm"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_called_by_the_city_people_know() {
        let ko = [
            "Asia/Seoul",
            "Asia/Calcutta",
            "Europe/Kiev",
            "America/Indiana/Indianapolis",
            "America/Boise",
            "Etc/GMT-9",
            "Etc/GMT+3",
            "Etc/UTC",
        ];
        let ko = ko.map(|zone| city(Locale::Ko, zone));
        assert_eq!(ko, ["서울", "델리·콜카타", "키이우", "인디애나폴리스", "Boise", "UTC+9", "UTC-3", "UTC"]);
        let en =
            ["America/Argentina/Buenos_Aires", "Europe/Kiev", "Asia/Ho_Chi_Minh"].map(|zone| city(Locale::En, zone));
        assert_eq!(en, ["Buenos Aires", "Kyiv", "Ho Chi Minh"]);
    }

    #[test]
    fn a_clock_says_the_part_of_the_day() {
        assert_eq!(
            [0, 720, 21 * 60 + 12].map(|minute| clock(Locale::Ko, minute)),
            ["오전 12:00", "오후 12:00", "오후 9:12"]
        );
        assert_eq!([5, 725].map(|minute| clock(Locale::En, minute)), ["12:05 am", "12:05 pm"]);
    }

    #[test]
    fn every_city_is_in_the_list_once() {
        let mut names: Vec<_> = CITIES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CITIES.len());
        assert!(EARLIER.iter().all(|(earlier, now)| !names.contains(earlier) && current(now) == *now));
    }
}
