// Invariant: a query is what its pairs say, the last one counting; encoding the pairs gives them back; and no request
// is let in without a known transport, and into a session only with its revision.
#![no_main]

use std::fmt::Write;

use engineio_proto::admit::{Admission, AdmitConfig, Known, Method, admit};
use engineio_proto::query::{Query, pairs};
use engineio_proto::{Revision, Transport};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    let parsed = Query::parse(query);
    let last = |wanted: &str| {
        let values = pairs(query).filter(|(name, _)| name == wanted);
        values.last().map(|(_, value)| value.into_owned())
    };
    let filled = |value: &String| !value.is_empty();
    assert_eq!(parsed.transport().map(String::from), last("transport"));
    assert_eq!(parsed.sid().map(String::from), last("sid").filter(filled));
    assert_eq!(
        parsed.revision() == Revision::V4,
        last("EIO").as_deref() == Some("4")
    );
    assert_eq!(
        parsed.base64(),
        last("b64").is_some_and(|value| filled(&value))
    );
    let digits = |j: String| j.chars().filter(char::is_ascii_digit).take(20).collect();
    assert_eq!(
        parsed.jsonp().map(|j| String::from(j.as_str())),
        last("j").map(digits)
    );

    let mut encoded = String::new();
    for (name, value) in pairs(query) {
        for (text, end) in [(&name, '='), (&value, '&')] {
            text.bytes()
                .for_each(|byte| write!(encoded, "%{byte:02x}").unwrap());
            encoded.push(end);
        }
    }
    assert!(pairs(&encoded).eq(pairs(query)));

    let config = AdmitConfig::new(&[Transport::POLLING, Transport::WEBSOCKET]);
    let known = Known {
        transport: Transport::POLLING,
        revision: Revision::V4,
    };
    for known in [None, Some(known)] {
        for (method, is_upgrade) in [
            (Method::Get, false),
            (Method::Get, true),
            (Method::Post, false),
        ] {
            let Ok(admission) = admit(&parsed, method, is_upgrade, known, &config) else {
                continue;
            };
            assert_eq!(parsed.revision(), Revision::V4);
            assert_eq!(
                parsed.transport(),
                Some(if is_upgrade { "websocket" } else { "polling" })
            );
            assert_eq!(parsed.sid().is_none(), admission == Admission::Handshake);
            assert!(known.is_some() || admission == Admission::Handshake);
        }
    }
});
