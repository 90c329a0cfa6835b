//! What must hold whatever happens, tried on random plans, networks and configurations.
//!
//! A usual run tries each property on some hundred cases and takes seconds. Millions:
//!
//! ```text
//! PROPTEST_CASES=1000000 cargo test --release -p engineio-proto --test properties
//! ```
//!
//! A plan that fails is shortened, printed, and belongs into `past_faults.rs` as a test of its own.

use std::time::Duration;

use engineio_proto::testing::{
    Network, Notice, Op, Pair, Plan, Setup, Side, Way, calm_plan, network, ops, plan, setup,
};
use engineio_proto::{CloseReason, Revision, Transport, TransportFault};
use proptest::collection::vec;
use proptest::prelude::*;

const MS: Duration = Duration::from_millis(1);

/// So many cases, unless the environment says how many.
#[expect(
    clippy::disallowed_methods,
    reason = "a switch for the developer who runs the test, not an input of the protocol"
)]
fn cases(usual: u32) -> ProptestConfig {
    let chosen = std::env::var_os("PROPTEST_CASES").is_some();
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: if chosen { default.cases } else { usual },
        failure_persistence: None,
        max_shrink_iters: 100_000,
        ..default
    }
}

/// Heartbeats from lively to lazy. The timeout survives several delays of a calm plan in a row.
fn heartbeat() -> impl Strategy<Value = (Duration, Duration)> {
    (300_u32..30_000, 12_000_u32..30_000)
        .prop_map(|(interval, timeout)| (interval * MS, timeout * MS))
}

fn quick_network() -> impl Strategy<Value = Network> {
    (any::<u64>(), 0_u32..40)
        .prop_map(|(seed, ms)| Network::new(seed).latency(Duration::ZERO..=ms * MS))
}

fn sends(plan: &[Op]) -> Plan {
    let is_send = |op: &&Op| matches!(op, Op::Send { .. });
    plan.iter().filter(is_send).copied().collect()
}

proptest! {
    #![proptest_config(cases(200))]

    /// The first promise: whatever the schedule, the transports, the upgrades and the accidents, messages arrive once
    /// and in order; and if one does not arrive, both ends know that the connection ended.
    #[test]
    fn messages_arrive_once_and_in_order_or_both_ends_know(
        setup in setup(),
        (interval, timeout) in heartbeat(),
        network in network(),
        plan in plan(1..70),
    ) {
        let mut pair = Pair::new(setup.heartbeat(interval, timeout), network);
        pair.run(&plan);
        pair.settle();
        prop_assert!(pair.server().received_beginning_of(pair.client()));
        prop_assert!(pair.client().received_beginning_of(pair.server()));
        prop_assert!(pair.both_ended() || (pair.is_open() && pair.everything_arrived()));
    }

    /// Delays, upgrades that fail, and strangers who know the session id end nothing and lose nothing; and it is
    /// reported when links are tried in vain.
    #[test]
    fn a_network_that_only_delays_ends_no_session(
        setup in setup(),
        (interval, timeout) in heartbeat(),
        network in network(),
        plan in calm_plan(1..70),
    ) {
        let mut pair = Pair::new(setup.clone().heartbeat(interval, timeout), network);
        pair.run(&plan);
        pair.settle();
        prop_assert!(pair.is_open());
        prop_assert!(pair.everything_arrived());
        let tried = match setup.transports() {
            [Transport::POLLING, links @ ..] => links.len(),
            _ => 0,
        };
        match pair.client().upgrades() {
            // When one is about to win the others are given up, and it may fail then.
            [] => prop_assert!((tried.min(1)..=tried).contains(&pair.client().failed_upgrades())),
            [_] => prop_assert!(pair.client().failed_upgrades() < tried),
            more => prop_assert!(false, "went over twice: {more:?}"),
        }
    }

    /// A session that owes all that it may takes no more, says so, and loses nothing of what it took.
    #[test]
    fn what_was_accepted_arrives_though_the_limits_are_narrow(
        setup in setup(),
        limit in (1_usize..3000, 1_usize..20),
        network in network(),
        plan in calm_plan(1..70),
    ) {
        let mut pair = Pair::new(setup.buffer_limit(limit.0, limit.1), network);
        pair.run(&plan);
        pair.settle();
        prop_assert!(pair.is_open());
        prop_assert!(pair.everything_arrived());
    }

    /// When nothing disturbs it, a client goes over to a link, and both ends say the same of it.
    #[test]
    fn an_undisturbed_client_goes_over_to_a_link(
        setup in setup(),
        network in network(),
        plan in vec((any::<bool>(), 0_u16..900, 0_u32..400), 0..30),
    ) {
        let mut pair = Pair::new(setup.clone(), network);
        for (from_client, size, wait) in plan {
            let by = if from_client { Side::Client } else { Side::Server };
            pair.run(&[Op::send(by, size), Op::Advance(wait)]);
        }
        pair.settle();
        prop_assert!(pair.is_open() && pair.everything_arrived());
        let [client, server] = [
            pair.client_session().transport(),
            pair.server_session().unwrap().transport(),
        ];
        prop_assert_eq!(client, server);
        prop_assert_eq!(client.is_link(), setup.transports().iter().any(|transport| transport.is_link()));
        prop_assert_eq!(pair.client().upgrades(), pair.server().upgrades());
    }

    /// When everything is cut and nobody is told, both ends notice within interval and timeout, at whatever moment of
    /// an upgrade or of a heartbeat it happens.
    #[test]
    fn a_dead_network_is_noticed_within_interval_and_timeout(
        setup in setup(),
        (interval, timeout) in heartbeat(),
        network in network(),
        plan in calm_plan(0..30),
    ) {
        let setup = setup.heartbeat(interval, timeout);
        let mut pair = Pair::new(setup.clone(), network);
        pair.run(&plan);
        pair.resume();
        pair.advance(Duration::ZERO);
        let was_open = pair.is_open();
        pair.cut();
        pair.advance(setup.patience());
        if was_open {
            prop_assert_eq!(pair.client().closed(), Some(CloseReason::PingTimeout));
            prop_assert_eq!(pair.server().closed(), Some(CloseReason::PingTimeout));
        } else {
            pair.settle();
            prop_assert!(pair.both_ended());
        }
    }

    /// A request of polling that hangs is noticed by both ends, however busy the other direction is meanwhile.
    #[test]
    fn one_direction_that_hangs_is_noticed_though_the_other_is_busy(
        revision in prop_oneof![Just(Revision::V4), Just(Revision::V3)],
        (interval, timeout) in heartbeat(),
        network in network(),
        plan in calm_plan(0..20),
        hangs in prop_oneof![Just(Side::Client), Just(Side::Server)],
        pause in 50_u32..3000,
    ) {
        let setup = Setup::polling().revision(revision).heartbeat(interval, timeout);
        let mut pair = Pair::new(setup.clone(), network);
        pair.run(&plan);
        pair.resume();
        let broken = match hangs {
            Side::Client => Op::AbortPost(Notice::Nobody),
            Side::Server => Op::AbortGet(Notice::Nobody),
        };
        pair.run(&[Op::send(hangs, 9), Op::Advance(0), broken]);
        // First one end has to notice, then the other.
        let end = pair.now() + setup.patience() * 2 + Duration::from_secs(5);
        while pair.now() < end {
            pair.run(&[Op::send(hangs.other(), 9), Op::Advance(pause)]);
        }
        let ended = pair.both_ended();
        pair.settle();
        prop_assert!(ended || (pair.is_open() && pair.everything_arrived()));
    }

    /// A heartbeat that falls into the moment at which a client goes over to a link is not lost there.
    #[test]
    fn a_heartbeat_in_the_middle_of_an_upgrade_is_not_lost(
        revision in prop_oneof![Just(Revision::V4), Just(Revision::V3)],
        interval in 600_u16..900,
        early in 0_u16..300,
        way in prop_oneof![Just(Way::LinksUp), Just(Way::LinksDown), Just(Way::GetAnswers)],
        seed in any::<u64>(),
        latency in 1_u32..40,
    ) {
        // The timeout is shorter than the interval, so that no second ping makes good for the first.
        let heartbeat = (u32::from(interval) * MS, 500 * MS);
        let setup = Setup::default().revision(revision).heartbeat(heartbeat.0, heartbeat.1);
        let mut pair = Pair::new(setup, Network::new(seed).latency(MS..=latency * MS));
        let stall = Op::Stall(way, interval - early);
        pair.run(&[Op::Arrive, Op::Arrive, Op::Arrive, stall, Op::Advance(5000)]);
        prop_assert!(pair.is_open());
        prop_assert_eq!(pair.client_session().transport(), Transport::WEBSOCKET);
    }

    /// When going over to a link takes longer than the client waits, it goes on with polling, and nothing is lost.
    #[test]
    fn an_upgrade_that_takes_too_long_costs_nothing(
        revision in prop_oneof![Just(Revision::V4), Just(Revision::V3)],
        network in quick_network(),
        messages in vec((any::<bool>(), 0_u16..900, 0_usize..4), 1..8),
        // A client that pauses waits for these two most of all.
        way in prop_oneof![
            Just(Way::PostAnswers),
            Just(Way::GetAnswers),
            prop::sample::select(Way::ALL.to_vec()),
        ],
        stall in 10_001_u16..15_000,
    ) {
        let mut pair = Pair::new(Setup::default().revision(revision), network);
        for (from_client, size, arrivals) in messages {
            let by = if from_client { Side::Client } else { Side::Server };
            pair.run(&vec![Op::Arrive; arrivals]);
            pair.run(&[Op::send(by, size)]);
        }
        pair.run(&[Op::Stall(way, stall), Op::Advance(40_000), Op::send(Side::Client, 9)]);
        pair.run(&[Op::send(Side::Server, 9), Op::Advance(40_000)]);
        prop_assert!(pair.is_open() && pair.everything_arrived());
    }

    /// Who is told that a request or a link broke, ends the session at once, and says that the transport failed.
    #[test]
    fn who_is_told_that_something_broke_ends_the_session_at_once(
        by_link in any::<bool>(),
        revision in prop_oneof![Just(Revision::V4), Just(Revision::V3)],
        notice in prop_oneof![Just(Notice::Both), Just(Notice::Client), Just(Notice::Server)],
        idle in 0_u32..60_000,
        latency in 1_u32..400,
        seed in any::<u64>(),
    ) {
        // No heartbeat is due meanwhile, so that a poll waits on the server.
        let setup = if by_link { Setup::default() } else { Setup::polling() };
        let lazy = Duration::from_secs(600);
        let network = Network::new(seed).latency(latency * MS..=latency * MS);
        let mut pair = Pair::new(setup.revision(revision).heartbeat(lazy, lazy), network);
        pair.settle();
        let broken = if by_link { Op::CutLinks(notice) } else { Op::AbortGet(notice) };
        pair.run(&[Op::Advance(idle), broken]);
        pair.advance(latency * MS);
        let failed = |side| matches!(pair.end(side).closed(), Some(CloseReason::TransportError(_)));
        prop_assert_eq!(failed(Side::Client), notice != Notice::Server);
        prop_assert_eq!(failed(Side::Server), notice != Notice::Client);
    }

    /// An answer that is none of the server's, such as a proxy's, ends the client's session at once: what the request
    /// carried is lost.
    #[test]
    fn an_answer_from_in_between_ends_the_session_at_once(
        revision in prop_oneof![Just(Revision::V4), Just(Revision::V3)],
        post in any::<bool>(),
        told in any::<bool>(),
        latency in 1_u32..400,
        seed in any::<u64>(),
    ) {
        let network = Network::new(seed).latency(latency * MS..=latency * MS);
        let mut pair = Pair::new(Setup::polling().revision(revision), network);
        pair.run(&[Op::Advance(5 * latency), Op::send(Side::Client, 9), Op::Advance(latency)]);
        pair.run(&[Op::BadGateway { post, told }, Op::Advance(latency)]);
        let reason = CloseReason::TransportError(TransportFault::Status(502));
        prop_assert_eq!(pair.client().closed(), Some(reason));
        pair.settle();
        prop_assert!(pair.both_ended());
    }

    /// A close waits for what was sent before it, on whatever transport and at whatever moment of an upgrade, and though
    /// what the other side sends crosses the goodbye.
    #[test]
    fn a_close_lets_everything_leave_that_was_sent_before(
        setup in setup(),
        network in quick_network(),
        plan in vec((any::<bool>(), 0_u16..900, 0_u32..60), 0..40),
        by in prop_oneof![Just(Side::Client), Just(Side::Server)],
        more in any::<bool>(),
    ) {
        let mut pair = Pair::new(setup.close_timeout(Duration::from_secs(60)), network);
        pair.run(&[Op::Arrive, Op::Advance(100)]);
        for (by_client, size, wait) in plan {
            let by = if by_client { Side::Client } else { Side::Server };
            pair.run(&[Op::send(by, size), Op::Advance(wait)]);
        }
        if more {
            pair.run(&[Op::send(by, 5), Op::Arrive, Op::send(by, 700), Op::send(by, 800)]);
        }
        pair.close(by);
        pair.settle();
        prop_assert_eq!(pair.end(by.other()).received(), pair.end(by).sent());
        prop_assert_eq!(pair.end(by).closed(), Some(CloseReason::Forced));
        prop_assert_eq!(pair.end(by.other()).closed(), Some(CloseReason::TransportClose));
    }

    /// A client may come back at any moment, also before the server has noticed that it had gone: its new session is not
    /// disturbed by the last one, and the last one ends.
    #[test]
    fn a_client_that_comes_back_is_not_disturbed_by_its_last_session(
        setup in setup(),
        network in network(),
        before in plan(0..30),
        after in calm_plan(1..30),
    ) {
        let mut pair = Pair::new(setup, network);
        pair.run(&before);
        pair.resume();
        pair.restart_client();
        pair.run(&after);
        pair.settle();
        prop_assert!(pair.is_open() && pair.everything_arrived());
        prop_assert_eq!(pair.server_machines_mut().count(), 1);
    }

    /// Timers of any length, also of none, do not make a session spin.
    #[test]
    fn short_intervals_do_not_spin(
        setup in setup(),
        interval in 0_u32..30,
        timeout in 0_u32..300,
        seed in any::<u64>(),
    ) {
        let mut pair = Pair::new(setup.heartbeat(interval * MS, timeout * MS), Network::new(seed));
        pair.run(&[Op::send(Side::Client, 9), Op::Advance(700), Op::send(Side::Server, 9), Op::Advance(700)]);
        // While a client waits for its last poll to be released, for up to 100 ms, it cannot ping.
        prop_assert!(pair.is_open() && pair.everything_arrived() || timeout < 120);
        prop_assert!(pair.is_open() || pair.both_ended());
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    /// Whatever a client does and in whatever order a driver calls.
    #[test]
    fn no_sequence_of_calls_breaks_a_server_session(input in vec(any::<u8>(), 0..300)) {
        ops::server_ops(&input);
    }

    /// Whatever a server does and in whatever order a driver calls.
    #[test]
    fn no_sequence_of_calls_breaks_a_client_session(input in vec(any::<u8>(), 0..300)) {
        ops::client_ops(&input);
    }
}

proptest! {
    #![proptest_config(cases(40))]

    /// The same messages arrive whatever they travel on.
    #[test]
    fn the_transport_makes_no_difference(network in network(), plan in calm_plan(1..50)) {
        let setups = [
            Setup::polling(),
            Setup::link(Transport::WEBSOCKET),
            Setup::default(),
            Setup::default().stream(),
            Setup::default().revision(Revision::V3),
            Setup::polling().revision(Revision::V3).base64(true),
            Setup::polling().base64(true).jsonp(true).max_payload(1_000_000),
            Setup::new(vec![Transport::POLLING, Transport::WEBTRANSPORT, Transport::WEBSOCKET]),
        ];
        // A server has nobody to send to before it has heard of the client.
        let outcomes = setups.map(|setup| {
            let mut pair = Pair::new(setup, network.clone());
            pair.settle();
            pair.run(&plan);
            pair.settle();
            (pair.server().received().to_vec(), pair.client().received().to_vec())
        });
        for outcome in &outcomes {
            prop_assert_eq!(outcome, &outcomes[0]);
        }
        prop_assert_eq!(outcomes[0].0.len() + outcomes[0].1.len(), sends(&plan).len());
    }

    /// A session that says nothing stays open by its heartbeats alone, and they cost little.
    #[test]
    fn an_idle_session_stays_open_and_costs_little(setup in setup(), network in quick_network()) {
        let mut pair = Pair::new(setup, network);
        pair.settle();
        prop_assert!(pair.is_open());
        let before = pair.travelled();
        pair.advance(Duration::from_secs(3600));
        prop_assert!(pair.is_open());
        // One ping every 25 s. With polling it takes a GET and a POST, each with an answer, and a POST has a head, up
        // to two parts and a body. A link that is cut into bytes takes one or two for each frame.
        let travelled = pair.travelled() - before;
        prop_assert!((2 * 143..=7 * 145).contains(&travelled), "{travelled} in an hour");
    }
}
