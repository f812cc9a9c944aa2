//! The example of RFC 8291 value by value, the steps of the padding, invalid keys, and a receiver written for the
//! tests.

use ring::{agreement::PublicKey, hmac};

use super::*;

// RFC 8291 §5 and Appendix A.
const PLAINTEXT: &[u8] = b"When I grow up, I want to be a watermelon";
const RECEIVER_PUBLIC: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH_SECRET: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const SENDER_PUBLIC: &str = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
const SALT_TEXT: &str = "DGv6ra1nlYgDCS1FRnbzlw";
const ECDH_SECRET: &str = "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs";
const PRK_KEY: &str = "Snr3JMxaHVDXHWJn5wdC52WjpCtd2EIEGBykDcZW32k";
const IKM: &str = "S4lYMb_L0FxCeq0WhDx813KgSYqU26kOyzWUdsXYyrg";
const PRK: &str = "09_eUZGrsvxChDCGRCdkLiDXrReGOEVeSCdCcPBSJSc";
const CEK: &str = "oIhVW04MRdy2XN9CiKLxTg";
const NONCE: &str = "4h_95klXJ5E_qnoN";
const BODY: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vC\
    YLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT\
    pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn example_keys() -> ReceiverKeys {
    ReceiverKeys::parse(RECEIVER_PUBLIC, AUTH_SECRET).expect("the keys of the example")
}

/// A receiver for one message.
struct Receiver {
    private: EphemeralPrivateKey,
    public: PublicKey,
    keys: ReceiverKeys,
}

impl Receiver {
    fn new() -> Self {
        let random = SystemRandom::new();
        let private = EphemeralPrivateKey::generate(&ECDH_P256, &random).expect("a key");
        let public = private.compute_public_key().expect("its public half");
        let mut auth = [0; AUTH];
        random.fill(&mut auth).expect("random bytes");
        let keys = ReceiverKeys::parse(&text(&public), &text(auth)).expect("good keys");
        Self { private, public, keys }
    }

    /// Decrypts the record. Returns its content with the padding.
    fn open(self, body: &[u8]) -> Vec<u8> {
        assert_eq!(body[SALT..SALT + 5], [0, 0, 16, 0, 65], "the record size and the length of the key");
        let (salt, sender_public) = (body[..SALT].try_into().expect("a salt"), &body[SALT + 5..HEADER]);
        assert_ne!(sender_public, self.public.as_ref());
        let sender = UnparsedPublicKey::new(&ECDH_P256, sender_public);
        let input_key =
            agreement::agree_ephemeral(self.private, &sender, |secret| input_key(secret, &self.keys, sender_public));
        let (cek, nonce) = content_keys(&input_key.expect("a point"), &salt);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &cek).expect("a key"));
        let mut record = body[HEADER..].to_vec();
        key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)
            .expect("a whole record")
            .to_vec()
    }
}

/// Returns the content before the padding delimiter.
fn unpadded(content: &[u8]) -> &[u8] {
    let end = content.iter().rposition(|byte| *byte != 0).expect("a delimiter");
    assert_eq!(content[end], LAST_DELIMITER);
    &content[..end]
}

#[test]
fn every_step_gives_the_bytes_of_the_rfcs_example() {
    let (keys, sender_public, secret) = (example_keys(), bytes(SENDER_PUBLIC), bytes(ECDH_SECRET));
    let salt: [u8; SALT] = bytes(SALT_TEXT).try_into().expect("16 bytes");
    let extracted = |salt: &[u8], value: &[u8]| text(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), value));

    // HKDF-Extract is HMAC (RFC 5869 §2.2). ring does not return its results, so each expected value is used as the
    // next key.
    assert_eq!(extracted(&keys.auth, &secret), PRK_KEY);
    let prk_key = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &bytes(PRK_KEY));
    assert_eq!(text(expand::<32>(&prk_key, &[b"WebPush: info\0", &keys.p256dh, &sender_public])), IKM);
    let input_key = input_key(&secret, &keys, &sender_public);
    assert_eq!(text(input_key), IKM);
    assert_eq!(extracted(&salt, &input_key), PRK);
    let (cek, nonce) = content_keys(&input_key, &salt);
    assert_eq!((text(cek).as_str(), text(nonce).as_str()), (CEK, NONCE));

    assert_eq!(text(seal(&secret, &keys, &sender_public, &salt, PLAINTEXT, 0)), BODY);
}

#[test]
fn a_body_grows_in_steps_and_never_beyond_4096_bytes() {
    let (random, keys) = (SystemRandom::new(), example_keys());
    let table = [
        (0, 256),
        (1, 256),
        (255, 256),
        (256, 512),
        (511, 512),
        (3839, 3840),
        (3840, 3994),
        (3992, 3994),
        (3993, 3994),
    ];
    for (length, content) in table {
        let body = encrypt(&random, &keys, &vec![b'a'; length]).expect("a message that fits");
        assert_eq!(body.len(), HEADER + content + TAG, "{length} bytes");
        assert!(body.len() <= 4096 && body.capacity() == body.len(), "{length} bytes");
    }
    assert_eq!(encrypt(&random, &keys, &[b'a'; MAX_PLAINTEXT + 1]), Err(EncryptError::TooLong));
}

#[test]
fn the_receiver_reads_korean_text_of_every_length() {
    let random = SystemRandom::new();
    let long = "골목에서 고무줄을 했지. ".repeat(200);
    for length in [0, 3, 32, 253, 254, 255, 256, 1000, 2000, 3840, 3990, 3993] {
        let plaintext = &long[..long.floor_char_boundary(length)];
        let receiver = Receiver::new();

        let body = encrypt(&random, &receiver.keys, plaintext.as_bytes()).expect("a message that fits");

        let content = receiver.open(&body);
        assert_eq!(std::str::from_utf8(unpadded(&content)), Ok(plaintext));
    }
}

#[test]
fn a_plaintext_may_end_in_what_looks_like_padding() {
    for plaintext in [&[0, 0, 0][..], &[2], &[2, 0, 0], &[2; 255], &[0; MAX_PLAINTEXT]] {
        let receiver = Receiver::new();
        let body = encrypt(&SystemRandom::new(), &receiver.keys, plaintext).expect("a message that fits");
        assert_eq!(unpadded(&receiver.open(&body)), plaintext);
    }
}

#[test]
fn no_two_messages_share_salt_or_key() {
    let (random, keys) = (SystemRandom::new(), example_keys());
    let (one, two) = (
        encrypt(&random, &keys, PLAINTEXT).expect("a message"),
        encrypt(&random, &keys, PLAINTEXT).expect("a message"),
    );
    assert_ne!(one[..SALT], two[..SALT]);
    assert_ne!(one[SALT + 5..HEADER], two[SALT + 5..HEADER]);
    assert_ne!(one[HEADER..], two[HEADER..]);
}

#[test]
fn keys_are_read_in_either_alphabet_and_given_back_without_padding() {
    let keys = example_keys();
    let standard = RECEIVER_PUBLIC.replace('-', "+").replace('_', "/");
    for (p256dh, auth) in [
        (format!("{RECEIVER_PUBLIC}="), format!("{AUTH_SECRET}==")),
        (standard.clone(), AUTH_SECRET.replace('_', "/")),
        (format!("{standard}="), format!("{AUTH_SECRET}==")),
    ] {
        assert_eq!(ReceiverKeys::parse(&p256dh, &auth).as_ref(), Ok(&keys), "{p256dh} {auth}");
    }
    assert_eq!((keys.p256dh_text().as_str(), keys.auth_text().as_str()), (RECEIVER_PUBLIC, AUTH_SECRET));
    assert_eq!(ReceiverKeys::stored(RECEIVER_PUBLIC, AUTH_SECRET), Ok(keys.clone()));
    assert_eq!(format!("{keys:?}"), "ReceiverKeys { .. }");
    assert!(ReceiverKeys::parse(RECEIVER_PUBLIC, &text([0; AUTH])).is_ok(), "an auth secret of zeros is one");
}

#[test]
fn keys_that_are_none_are_refused() {
    let point = bytes(RECEIVER_PUBLIC);
    let changed = |at: usize, byte: u8| {
        let mut point = point.clone();
        point[at] = byte;
        text(point)
    };
    let compressed = [&[2], &point[1..33]].concat();
    let beyond_the_field = [&[4][..], &[0xFF; 64]].concat();
    let refused = |p256dh: &str, auth: &str| ReceiverKeys::parse(p256dh, auth).expect_err("not a key");

    for (p256dh, auth, error) in [
        ("", AUTH_SECRET, KeyError::Length),
        (RECEIVER_PUBLIC, "", KeyError::Length),
        (text(&point[..64]).as_str(), AUTH_SECRET, KeyError::Length),
        (text([&point[..], &[0]].concat()).as_str(), AUTH_SECRET, KeyError::Length),
        (text(&compressed).as_str(), AUTH_SECRET, KeyError::Length),
        (RECEIVER_PUBLIC, text([1; 15]).as_str(), KeyError::Length),
        (RECEIVER_PUBLIC, text([1; 17]).as_str(), KeyError::Length),
        (RECEIVER_PUBLIC, text([1; 4000]).as_str(), KeyError::Length),
        (RECEIVER_PUBLIC.replace("BCV", "한").as_str(), AUTH_SECRET, KeyError::Encoding),
        (RECEIVER_PUBLIC, "BTBZMqHH6r4Tts7J aSIgg", KeyError::Encoding),
        (RECEIVER_PUBLIC, "BTBZMqHH6r4Tts7J_a+Igg", KeyError::Encoding),
        (changed(0, 2).as_str(), AUTH_SECRET, KeyError::Point),
        (changed(0, 6).as_str(), AUTH_SECRET, KeyError::Point),
        (changed(64, point[64] ^ 1).as_str(), AUTH_SECRET, KeyError::Point),
        (text(&beyond_the_field).as_str(), AUTH_SECRET, KeyError::Point),
        (text([&[4][..], &[0; 64]].concat()).as_str(), AUTH_SECRET, KeyError::Point),
        (text([0; 65]).as_str(), AUTH_SECRET, KeyError::Point),
    ] {
        assert_eq!(refused(p256dh, auth), error, "{p256dh} {auth}");
    }
}

#[test]
fn a_stored_key_that_went_bad_is_seen_when_it_is_used() {
    let off_curve = ReceiverKeys::stored(&text([&[4][..], &[7; 64]].concat()), AUTH_SECRET).expect("the right lengths");
    assert_eq!(encrypt(&SystemRandom::new(), &off_curve, PLAINTEXT), Err(EncryptError::Point));
}
