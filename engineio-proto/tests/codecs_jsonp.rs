//! JSONP: scripts as responses, forms as requests.

use bytes::{Bytes, BytesMut};
use engineio_proto::jsonp::{self, JsonpIndex};

fn wrapped(j: &str, payload: &str) -> String {
    let mut out = BytesMut::new();
    jsonp::wrap(&JsonpIndex::parse(j), payload.as_bytes(), &mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

fn posted(form: &str) -> Option<Bytes> {
    jsonp::form_body(&Bytes::copy_from_slice(form.as_bytes()))
}

#[test]
fn an_index_keeps_its_digits_only() {
    for (j, kept) in [
        ("0", "0"),
        ("12abc", "12"),
        ("a1b2", "12"),
        ("", ""),
        ("](alert)(", ""),
        ("007", "007"),
        ("٣", ""),
        ("123456789012345678901234567890", "12345678901234567890"),
    ] {
        assert_eq!(JsonpIndex::parse(j).as_str(), kept, "{j:?}");
    }
}

#[test]
fn a_payload_becomes_the_argument_of_a_call() {
    for (j, payload, script) in [
        ("0", "1:6", r#"___eio[0]("1:6");"#),
        ("12abc", "6:4\"a\"b\\", r#"___eio[12]("6:4\"a\"b\\");"#),
        (
            "1",
            "4\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}",
            "___eio[1](\"4\\n\\r\\t\\b\\f\\u0000\\u001f\u{7f}\");",
        ),
        (
            "2",
            "4€\u{2028}\u{2029}\u{202a}😀",
            "___eio[2](\"4€\\u2028\\u2029\u{202a}😀\");",
        ),
        (
            "3",
            "4</script><b>",
            r#"___eio[3]("4\u003c/script>\u003cb>");"#,
        ),
        ("", "", r#"___eio[]("");"#),
    ] {
        assert_eq!(wrapped(j, payload), script);
    }
}

#[test]
fn a_script_is_appended() {
    let mut out = BytesMut::from("before");
    jsonp::wrap(&JsonpIndex::parse("1"), b"4", &mut out);
    assert_eq!(out, r#"before___eio[1]("4");"#);
}

#[test]
fn a_form_gives_its_field_d() {
    for (form, payload) in [
        ("d=1%3A6", Some("1:6")),
        ("d=1:6", Some("1:6")),
        ("x=1&d=6%3A4a%2Bb+c&y=2", Some("6:4a+b c")),
        ("d=", Some("")),
        ("d", Some("")),
        ("d=a=b", Some("a=b")),
        ("%64=a", Some("a")),
        ("d=old&d=new", Some("new")),
        ("", None),
        ("D=a", None),
        ("dd=a", None),
        ("1:6", None),
    ] {
        assert_eq!(
            posted(form).as_deref(),
            payload.map(str::as_bytes),
            "{form:?}"
        );
    }
}

#[test]
fn line_ends_are_restored() {
    for (form, payload) in [
        (r"d=4a\nb", "4a\nb"),
        (r"d=4a%5Cnb", "4a\nb"),
        (r"d=4a\\nb", r"4a\nb"),
        (r"d=4a\\\nb", r"4a\\nb"),
        (r"d=4a\\\\nb", r"4a\\\nb"),
        (r"d=\n\n\\n", "\n\n\\n"),
        (r"d=4\t\\t\", r"4\t\\t\"),
        // Browsers send real line ends as they like; they are no payload's.
        ("d=4a%0D%0Ab", "4a\r\nb"),
    ] {
        assert_eq!(
            posted(form).as_deref(),
            Some(payload.as_bytes()),
            "{form:?}"
        );
    }
}

#[test]
fn a_plain_field_shares_the_buffer_of_the_body() {
    let body = Bytes::from("t=1&d=4hello".to_owned());
    let payload = jsonp::form_body(&body).unwrap();
    assert!(body.as_ptr_range().contains(&payload.as_ptr()));
}
