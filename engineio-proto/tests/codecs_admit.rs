//! Which requests are let in.

use engineio_proto::admit::{Admission, AdmitConfig, Known, Method, admit};
use engineio_proto::query::Query;
use engineio_proto::reject::{BadRequest, Reject};
use engineio_proto::{Revision, Transport};

use Method::{Get, Options, Other, Post};

const BOTH: &[Transport] = &[Transport::POLLING, Transport::WEBSOCKET];
const REV4: AdmitConfig<'static> = AdmitConfig::new(BOTH);
const REV3: AdmitConfig<'static> = AdmitConfig::new(BOTH).allow_revision_3(true);

/// As `admit`, with the two-letter names of sessions that this registry knows.
fn ask(
    query: &str,
    method: Method,
    is_upgrade: bool,
    config: &AdmitConfig<'_>,
) -> Result<Admission, Reject> {
    let known = |transport, revision| {
        Some(Known {
            transport,
            revision,
        })
    };
    let query = Query::parse(query);
    let known = match query.sid() {
        Some("p4") => known(Transport::POLLING, Revision::V4),
        Some("p3") => known(Transport::POLLING, Revision::V3),
        Some("w4") => known(Transport::WEBSOCKET, Revision::V4),
        Some("t4") => known(Transport::WEBTRANSPORT, Revision::V4),
        _ => None,
    };
    admit(&query, method, is_upgrade, known, config)
}

fn mismatch(expected: Transport) -> Reject {
    Reject::BadRequest(BadRequest::TransportMismatch { expected })
}

fn speaks(expected: Revision) -> Reject {
    Reject::BadRequest(BadRequest::ProtocolMismatch { expected })
}

#[test]
fn good_requests_are_let_in() {
    let cases = [
        ("EIO=4&transport=polling", Get, false, Admission::Handshake),
        (
            "EIO=4&transport=polling&sid=",
            Get,
            false,
            Admission::Handshake,
        ),
        (
            "EIO=3&transport=polling&b64=1&j=0",
            Get,
            false,
            Admission::Handshake,
        ),
        ("transport=polling", Get, false, Admission::Handshake),
        ("EIO=4&transport=websocket", Get, true, Admission::Handshake),
        ("EIO=3&transport=websocket", Get, true, Admission::Handshake),
        ("EIO=4&transport=polling&sid=p4", Get, false, Admission::Get),
        (
            "EIO=4&transport=polling&sid=p4",
            Post,
            false,
            Admission::Post,
        ),
        ("EIO=3&transport=polling&sid=p3", Get, false, Admission::Get),
        (
            "EIO=3&transport=polling&sid=p3",
            Post,
            false,
            Admission::Post,
        ),
        (
            "EIO=4&transport=websocket&sid=p4",
            Get,
            true,
            Admission::Upgrade,
        ),
        (
            "EIO=3&transport=websocket&sid=p3",
            Get,
            true,
            Admission::Upgrade,
        ),
        // Upgraded already: the session closes the new link.
        (
            "EIO=4&transport=websocket&sid=w4",
            Get,
            true,
            Admission::Upgrade,
        ),
    ];
    for (query, method, is_upgrade, admission) in cases {
        assert_eq!(
            ask(query, method, is_upgrade, &REV3),
            Ok(admission),
            "{query} {method:?}"
        );
    }
}

#[test]
fn every_fault_has_its_refusal() {
    let not_an_upgrade = || Reject::BadRequest(BadRequest::NotAnUpgrade);
    let upgrade_to_polling = || Reject::BadRequest(BadRequest::UpgradeToPolling);
    let polling = Transport::POLLING;
    let cases = [
        // Transport
        ("", Get, false, Reject::TransportUnknown),
        ("EIO=4", Get, false, Reject::TransportUnknown),
        ("EIO=4&transport=", Get, false, Reject::TransportUnknown),
        ("EIO=4&transport=abc", Get, false, Reject::TransportUnknown),
        (
            "EIO=4&transport=Polling",
            Get,
            false,
            Reject::TransportUnknown,
        ),
        (
            "EIO=4&transport=__proto__",
            Get,
            false,
            Reject::TransportUnknown,
        ),
        (
            "EIO=4&transport=webtransport",
            Get,
            false,
            Reject::TransportUnknown,
        ),
        (
            "EIO=4&transport=webtransport",
            Get,
            true,
            Reject::TransportUnknown,
        ),
        ("EIO=4&transport=abc", Get, true, Reject::TransportUnknown),
        // Session
        (
            "EIO=4&transport=polling&sid=zz",
            Get,
            false,
            Reject::UnknownSid,
        ),
        (
            "EIO=4&transport=polling&sid=zz",
            Post,
            false,
            Reject::UnknownSid,
        ),
        (
            "EIO=4&transport=polling&sid=__proto__",
            Get,
            false,
            Reject::UnknownSid,
        ),
        (
            "EIO=4&transport=websocket&sid=zz",
            Get,
            true,
            Reject::UnknownSid,
        ),
        (
            "EIO=4&transport=websocket&sid=p4",
            Get,
            false,
            mismatch(polling),
        ),
        (
            "EIO=4&transport=polling&sid=w4",
            Get,
            false,
            mismatch(Transport::WEBSOCKET),
        ),
        (
            "EIO=4&transport=polling&sid=w4",
            Post,
            false,
            mismatch(Transport::WEBSOCKET),
        ),
        (
            "EIO=4&transport=polling&sid=t4",
            Get,
            false,
            mismatch(Transport::WEBTRANSPORT),
        ),
        (
            "EIO=3&transport=polling&sid=p4",
            Get,
            false,
            speaks(Revision::V4),
        ),
        (
            "transport=polling&sid=p4",
            Post,
            false,
            speaks(Revision::V4),
        ),
        (
            "EIO=4&transport=polling&sid=p3",
            Get,
            false,
            speaks(Revision::V3),
        ),
        (
            "EIO=3&transport=websocket&sid=p4",
            Get,
            true,
            speaks(Revision::V4),
        ),
        // Method
        (
            "EIO=4&transport=polling",
            Post,
            false,
            Reject::BadHandshakeMethod,
        ),
        (
            "EIO=4&transport=polling",
            Options,
            false,
            Reject::BadHandshakeMethod,
        ),
        (
            "EIO=4&transport=polling",
            Other,
            false,
            Reject::BadHandshakeMethod,
        ),
        (
            "EIO=4&transport=websocket",
            Post,
            true,
            Reject::BadHandshakeMethod,
        ),
        (
            "EIO=4&transport=websocket&sid=p4",
            Post,
            true,
            Reject::BadHandshakeMethod,
        ),
        (
            "EIO=4&transport=polling&sid=p4",
            Options,
            false,
            Reject::BadMethod,
        ),
        (
            "EIO=4&transport=polling&sid=p4",
            Other,
            false,
            Reject::BadMethod,
        ),
        // Form
        ("EIO=4&transport=websocket", Get, false, not_an_upgrade()),
        (
            "EIO=4&transport=websocket&sid=w4",
            Get,
            false,
            not_an_upgrade(),
        ),
        ("EIO=4&transport=polling", Get, true, upgrade_to_polling()),
        (
            "EIO=4&transport=polling&sid=p4",
            Get,
            true,
            upgrade_to_polling(),
        ),
        // Revision
        (
            "EIO=3&transport=polling",
            Get,
            false,
            Reject::UnsupportedProtocolVersion,
        ),
        (
            "transport=polling",
            Get,
            false,
            Reject::UnsupportedProtocolVersion,
        ),
        (
            "EIO=abc&transport=websocket",
            Get,
            true,
            Reject::UnsupportedProtocolVersion,
        ),
    ];
    for (query, method, is_upgrade, reject) in cases {
        let answer = ask(query, method, is_upgrade, &REV4);
        assert_eq!(answer, Err(reject), "{query} {method:?} {is_upgrade}");
    }
}

#[test]
fn the_first_fault_in_the_order_of_the_reference_is_named() {
    let cases = [
        ("EIO=3&transport=abc&sid=zz", Post, Reject::TransportUnknown),
        ("EIO=3&transport=websocket&sid=zz", Post, Reject::UnknownSid),
        (
            "EIO=3&transport=websocket&sid=p4",
            Other,
            mismatch(Transport::POLLING),
        ),
        (
            "EIO=3&transport=polling&sid=p4",
            Other,
            speaks(Revision::V4),
        ),
        (
            "EIO=3&transport=websocket",
            Post,
            Reject::BadHandshakeMethod,
        ),
        (
            "EIO=3&transport=websocket",
            Get,
            Reject::BadRequest(BadRequest::NotAnUpgrade),
        ),
    ];
    for (query, method, reject) in cases {
        assert_eq!(
            ask(query, method, false, &REV4),
            Err(reject),
            "{query} {method:?}"
        );
    }
}

#[test]
fn a_transport_that_is_not_configured_is_unknown() {
    let only_polling = AdmitConfig::new(&[Transport::POLLING, Transport::WEBTRANSPORT]);
    let websocket = ask("EIO=4&transport=websocket", Get, true, &only_polling);
    assert_eq!(websocket, Err(Reject::TransportUnknown));
    let only_websocket = AdmitConfig::new(&[Transport::WEBSOCKET]);
    let polling = ask("EIO=4&transport=polling", Get, false, &only_websocket);
    assert_eq!(polling, Err(Reject::TransportUnknown));
    // Nobody asks for a link of one's own over HTTP.
    let unix = [Transport::custom("unix")];
    let unix = AdmitConfig::new(&unix);
    let custom = ask("EIO=4&transport=unix", Get, true, &unix);
    assert_eq!(custom, Err(Reject::TransportUnknown));
}
