//! The query of a request.

use engineio_proto::Revision;
use engineio_proto::query::{Query, pairs};

#[test]
fn only_eio_4_is_revision_4() {
    for query in [
        "EIO=4",
        "EIO=3&EIO=4",
        "EIO=%34",
        "%45IO=4",
        "x=1&EIO=4&t=abc",
    ] {
        assert_eq!(Query::parse(query).revision(), Revision::V4, "{query}");
    }
    for query in [
        "",
        "EIO",
        "EIO=",
        "EIO=3",
        "EIO=5",
        "EIO=04",
        "EIO=4.0",
        "EIO=+4",
        "EIO=abc",
        "eio=4",
        "EIO=4&EIO=3",
    ] {
        assert_eq!(Query::parse(query).revision(), Revision::V3, "{query}");
    }
}

#[test]
fn parameters_are_found_wherever_they_stand() {
    let query = Query::parse("t=P1&sid=lv_VI97HAXpY6yYWAAAC&transport=polling&EIO=4&b64=1&j=0");
    assert_eq!(query.transport(), Some("polling"));
    assert_eq!(query.sid(), Some("lv_VI97HAXpY6yYWAAAC"));
    assert!(query.base64());
    assert_eq!(
        query.jsonp().map(|j| j.as_str().to_owned()),
        Some("0".into())
    );
}

#[test]
fn what_is_not_there_is_none() {
    for query in [
        "",
        "&&&",
        "=",
        "=polling",
        "Transport=polling&SID=a&B64=1&J=1",
        "xsid=1",
    ] {
        let query = Query::parse(query);
        assert_eq!(query.transport(), None);
        assert_eq!(query.sid(), None);
        assert!(!query.base64());
        assert_eq!(query.jsonp(), None);
    }
}

#[test]
fn the_last_of_several_counts() {
    let query = Query::parse("sid=a&transport=polling&sid=b&transport=websocket");
    assert_eq!(query.sid(), Some("b"));
    assert_eq!(query.transport(), Some("websocket"));
    assert_eq!(Query::parse("sid=a&sid=").sid(), None);
    assert!(!Query::parse("b64=1&b64=").base64());
}

#[test]
fn an_empty_sid_is_a_handshake() {
    assert_eq!(Query::parse("sid=").sid(), None);
    assert_eq!(Query::parse("sid").sid(), None);
    assert_eq!(Query::parse("transport=").transport(), Some(""));
}

#[test]
fn any_value_of_b64_but_an_empty_one_asks_for_base64() {
    for (query, base64) in [
        ("b64=1", true),
        ("b64=0", true),
        ("b64=false", true),
        ("b64=", false),
        ("b64", false),
    ] {
        assert_eq!(Query::parse(query).base64(), base64, "{query}");
    }
}

#[test]
fn any_j_asks_for_jsonp() {
    for (query, digits) in [("j=12abc", "12"), ("j=", ""), ("j", ""), ("j=1&j=2", "2")] {
        let index = Query::parse(query).jsonp().unwrap();
        assert_eq!(index.as_str(), digits, "{query}");
    }
}

#[test]
fn values_are_decoded() {
    for (query, sid) in [
        ("sid=a%2Bb", "a+b"),
        ("sid=a+b", "a b"),
        ("sid=%e2%82%ac", "€"),
        ("sid=%F0%9F%98%80", "😀"),
        ("sid=%ff", "\u{fffd}"),
        ("sid=a%", "a%"),
        ("sid=%zz", "%zz"),
        ("sid=a=b", "a=b"),
        ("sid=a?b#c", "a?b#c"),
        ("sid=__proto__", "__proto__"),
    ] {
        assert_eq!(Query::parse(query).sid(), Some(sid), "{query}");
    }
}

#[test]
fn pairs_keep_their_order_and_their_duplicates() {
    let found: Vec<_> = pairs("a=1&&b&a=%32&=x").collect();
    let found: Vec<_> = found
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(found, [("a", "1"), ("b", ""), ("a", "2"), ("", "x")]);
}
