//! What must hold whatever happens, tried on random plans, networks and configurations.
//!
//! A usual run tries each property on some hundred cases and takes seconds. Millions:
//!
//! ```text
//! PROPTEST_CASES=1000000 cargo test --release -p socketio-proto --test properties
//! ```
//!
//! A plan that fails is shortened and printed, and belongs into a test of its own.

use std::time::Duration;

use engineio_proto::testing::{Network, Notice, Op as Net, Side, network};
use engineio_proto::{Revision, Transport, testing as engine};
use proptest::collection::vec;
use proptest::prelude::*;
use socketio_proto::testing::{
    self, Decision, How, Op, Pair, Setup, Stay, calm_plan, lossy_plan, namespace, namespaces, ops,
    plan,
};
use socketio_proto::{DisconnectReason, Namespace};

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
        max_shrink_iters: 20_000,
        ..default
    }
}

/// What an application would do with the result.
fn holds(result: Result<(), String>) -> Result<(), TestCaseError> {
    result.map_err(TestCaseError::fail)
}

/// Heartbeats that survive several delays in a row.
fn patient() -> impl Strategy<Value = Setup> {
    let engine = engine::setup()
        .prop_map(|setup| setup.heartbeat(Duration::from_secs(25), Duration::from_secs(120)));
    let recovery = prop_oneof![Just(true), Just(false)];
    let setup = (engine, recovery);
    with_any_codec(setup.prop_map(|(engine, recovery)| Setup::new(engine).recovery(recovery)))
}

/// Sessions of the revision that can be recovered.
fn recoverable() -> impl Strategy<Value = Setup> {
    let setup = engine::setup().prop_map(|setup| Setup::new(setup.revision(Revision::V4)));
    with_any_codec(setup)
}

/// Everything.
fn setup() -> impl Strategy<Value = Setup> {
    with_any_codec(testing::setup())
}

/// Either codec, if there are two.
fn with_any_codec(setup: impl Strategy<Value = Setup>) -> impl Strategy<Value = Setup> {
    #[cfg(feature = "msgpack")]
    let setup = (setup, any::<bool>()).prop_map(|(setup, packed)| match packed {
        true => setup.codec(socketio_proto::MessagePack::new()),
        false => setup,
    });
    setup
}

proptest! {
    #![proptest_config(cases(150))]

    /// Namespaces are apart; events and DISCONNECT are in order; each acknowledgement ends once, retries are in order,
    /// and nobody is stuck: whatever applications do and whatever breaks. The applications panic at what they may
    /// never see.
    #[test]
    fn whatever_happens_events_and_acknowledgements_keep_their_promises(
        setup in setup(),
        network in network(),
        plan in plan(1..60),
    ) {
        let mut pair = Pair::new(setup, network);
        pair.run(&plan);
        pair.settle();
        holds(pair.events_are_in_order())?;
        holds(pair.nothing_is_missing())?;
        holds(pair.both_ends_agree())?;
        holds(pair.acknowledgements_have_ended())?;
        holds(pair.retries_are_in_order())?;
    }

    /// While a connection lasts nothing is lost, whoever joins, leaves, is refused or put out, and in whatever namespace.
    #[test]
    fn while_a_connection_lasts_nothing_is_lost(
        setup in patient(),
        network in network(),
        plan in calm_plan(1..60),
    ) {
        let mut pair = Pair::new(setup, network);
        pair.run(&plan);
        pair.settle();
        let sessions = pair.sessions().sessions();
        let refused = pair.client().refusals() > 0;
        let left = namespaces().any(|namespace| {
            pair.client().record().stays(&namespace).iter().any(|stay| stay.ended.is_some())
        });
        // Who has joined nothing in 45 s is sent away, and so is who is in nothing any more when nothing is wanted.
        prop_assert!(sessions == 1 || refused || left || !pair.sessions().is_open());
        holds(pair.events_are_in_order())?;
        holds(pair.nothing_is_missing())?;
        holds(pair.both_ends_agree())?;
        holds(pair.acknowledgements_have_ended())?;
        holds(pair.retries_are_in_order())?;
    }

    /// A client that loses its connection, again and again and at any point, gets each stored event once, in order and
    /// before any newer one, or is told that it was not recovered.
    #[test]
    fn what_was_missed_arrives_once_and_in_order_at_any_cut(
        setup in recoverable(),
        network in network(),
        plan in lossy_plan(1..60),
    ) {
        let mut pair = Pair::new(setup, network);
        pair.run(&plan);
        pair.settle();
        holds(pair.nothing_is_missing())?;
        holds(pair.events_are_in_order())?;
        holds(pair.both_ends_agree())?;
    }
}

proptest! {
    #![proptest_config(cases(60))]

    /// When both ends know of the loss and the client is back in time, it is recovered: as the same socket, and it has
    /// every event.
    #[test]
    fn who_is_back_in_time_is_recovered(
        setup in recoverable(),
        seed in any::<u64>(),
        before in 0_usize..4,
        rounds in vec((0_usize..4, 0_usize..4, 0_u32..400), 1..5),
    ) {
        let mut pair = Pair::new(setup, Network::new(seed));
        let emit = Op::emit(Side::Server, 1);
        pair.run(&[Op::Join(1), Op::wait(5_000)]);
        pair.run(&vec![emit; before]);
        let mut sent = before;
        for &(on_the_way, missed, wait) in &rounds {
            pair.run(&[Op::wait(2_000)]);
            pair.run(&vec![emit; on_the_way]);
            pair.run(&[Op::wait(wait / 100), Op::Net(Net::CutAll(Notice::Both)), Op::wait(1)]);
            pair.run(&vec![emit; missed]);
            pair.run(&[Op::wait(10_000), emit]);
            sent += on_the_way + missed + 1;
        }
        pair.settle();
        holds(pair.nothing_is_missing())?;
        holds(pair.events_are_in_order())?;
        let stays = pair.client().record().stays(&namespace(1));
        prop_assert_eq!(stays.len(), rounds.len() + 1);
        prop_assert!(stays.iter().skip(1).all(|stay| stay.recovered && stay.id == stays[0].id));
        prop_assert_eq!(stays.iter().map(|stay| stay.received.len()).sum::<usize>(), sent);
    }

    /// Who is back too late is told so, and misses nothing from then on.
    #[test]
    fn who_is_back_too_late_is_somebody_new(seed in any::<u64>(), missed in 0_usize..4) {
        let setup = Setup::default().window(Duration::from_micros(1));
        let mut pair = Pair::new(setup, Network::new(seed));
        let emit = Op::emit(Side::Server, 1);
        pair.run(&[Op::Join(1), Op::wait(5_000), emit, Op::wait(1_000)]);
        pair.run(&[Op::Net(Net::CutAll(Notice::Both)), Op::wait(1)]);
        pair.run(&vec![emit; missed]);
        pair.run(&[Op::wait(10_000), emit]);
        pair.settle();
        holds(pair.nothing_is_missing())?;
        let stays = pair.client().record().stays(&namespace(1));
        let received: Vec<_> = stays.iter().map(|stay| (stay.recovered, stay.received.len())).collect();
        prop_assert_eq!(received, [(false, 1), (false, 1)]);
    }

    /// What is sent while there is no connection, or none yet, leaves once and in order when there is one.
    #[test]
    fn what_is_sent_before_and_while_disconnected_leaves_once_and_in_order(
        setup in setup(),
        seed in any::<u64>(),
        before in 0_usize..5,
        rounds in vec((0_usize..5, 0_usize..5), 1..4),
    ) {
        let mut pair = Pair::new(setup, Network::new(seed));
        let emit = Op::emit(Side::Client, 1);
        pair.run(&vec![emit; before]);
        pair.run(&[Op::Join(1)]);
        pair.run(&vec![emit; before]);
        pair.settle();
        let mut sent = 2 * before;
        for (connected, lost) in rounds {
            pair.run(&vec![emit; connected]);
            pair.settle();
            pair.run(&[Op::Net(Net::CutAll(Notice::Both)), Op::wait(0)]);
            pair.run(&vec![emit; lost]);
            pair.settle();
            sent += connected + lost;
        }
        holds(pair.events_are_in_order())?;
        holds(pair.both_ends_agree())?;
        let world = pair.world();
        let stays = world.record().stays(&namespace(1));
        let numbers: Vec<_> = stays.iter().flat_map(|stay| &stay.received).map(|item| item.number).collect();
        prop_assert_eq!(numbers, (1..=sent as u64).collect::<Vec<_>>());
    }

    /// However often and in whatever order a client joins and leaves, and however long the server thinks, in the end
    /// there is one socket if the client wants one, and none if it does not.
    #[test]
    fn joining_and_leaving_in_any_order_ends_in_one_socket_or_none(
        setup in patient(),
        network in network(),
        steps in vec((any::<bool>(), 0_u32..300, 0_u16..500), 1..12),
    ) {
        let mut pair = Pair::new(setup, network);
        pair.run(&[Op::Join(2)]);
        for &(join, wait, think) in &steps {
            let op = if join { Op::Join(1) } else { Op::Leave(1) };
            pair.run(&[Op::Decide(Decision::AcceptAfter(think)), op, Op::emit(Side::Server, 1)]);
            pair.run(&[Op::emit(Side::Client, 1), Op::wait(wait)]);
        }
        pair.settle();
        holds(pair.events_are_in_order())?;
        holds(pair.both_ends_agree())?;
        prop_assert_eq!(pair.sessions().sessions(), 1, "nothing ends the connection");
        prop_assert!(pair.client().is_joined(&namespace(2)));
        let wanted = steps.last().is_some_and(|(join, ..)| *join);
        prop_assert_eq!(pair.client().is_joined(&namespace(1)), wanted);
    }

    /// An event that is sent again and again arrives in the end, if the connection comes back and attempts are left.
    #[test]
    fn a_retried_event_arrives_though_connections_are_lost(
        setup in setup(),
        seed in any::<u64>(),
        events in 1_u8..6,
        losses in vec(0_u32..3_000, 0..4),
    ) {
        let mut pair = Pair::new(setup, Network::new(seed));
        pair.run(&[Op::Join(1), Op::wait(3_000)]);
        let emit = Op::Emit { by: Side::Client, to: 1, how: How::Retried(20, 2_000), attachments: 1 };
        pair.run(&vec![emit; usize::from(events)]);
        for wait in losses {
            pair.run(&[Op::wait(wait), Op::Net(Net::CutAll(Notice::Both)), Op::wait(8_000)]);
        }
        pair.settle();
        holds(pair.retries_are_in_order())?;
        holds(pair.acknowledgements_have_ended())?;
        // The server of the harness never answers the seventh.
        prop_assert_eq!(pair.client().record().answered(), usize::from(events));
    }

    /// A packet is cut between its attachments. What the session that is lost has received of it does not disturb the next.
    #[test]
    fn a_packet_that_was_cut_in_two_does_not_reach_into_the_next_session(
        seed in any::<u64>(),
        by in prop_oneof![Just(Side::Client), Just(Side::Server)],
        arrive in 0_usize..5,
    ) {
        let engine = engine::Setup::link(Transport::WEBSOCKET);
        let latency = Duration::from_millis(1)..=Duration::from_millis(50);
        let mut pair = Pair::new(Setup::new(engine), Network::new(seed).latency(latency));
        let emit = Op::Emit { by, to: 1, how: How::Plain, attachments: 3 };
        pair.run(&[Op::Join(1), Op::wait(5_000), emit, Op::wait(0)]);
        pair.run(&vec![Op::Net(Net::Arrive); arrive]);
        pair.run(&[Op::Net(Net::CutAll(Notice::Both))]);
        pair.settle();
        pair.run(&[emit]);
        pair.settle();
        holds(pair.events_are_in_order())?;
        holds(pair.nothing_is_missing())?;
        prop_assert_eq!(pair.sessions().sessions(), 2);
    }

    /// Every attempt is sent: an event that is never answered arrives as often as it may, and those after it wait for that.
    #[test]
    fn an_event_that_is_never_answered_arrives_once_for_each_attempt(
        setup in setup(),
        seed in any::<u64>(),
        retries in 0_u8..5,
    ) {
        let mut pair = Pair::new(setup, Network::new(seed));
        pair.run(&[Op::Join(1), Op::wait(3_000)]);
        let emit = Op::Emit { by: Side::Client, to: 1, how: How::Retried(retries, 3_000), attachments: 0 };
        pair.run(&[emit; 8]);
        pair.settle();
        holds(pair.retries_are_in_order())?;
        holds(pair.acknowledgements_have_ended())?;
        let record = pair.client().record();
        prop_assert_eq!((record.ended(), record.answered()), (8, 7));
        let world = pair.world();
        let arrived: Vec<_> = world.record().retried(&namespace(1)).iter().map(|item| item.number).collect();
        // The server of the harness never answers the seventh.
        let mut expected = vec![1, 2, 3, 4, 5, 6];
        expected.extend(vec![7; usize::from(retries) + 1]);
        expected.push(8);
        prop_assert_eq!(arrived, expected);
    }

    /// The same arrives whatever it travels on.
    #[test]
    fn the_transport_makes_no_difference(network in network(), plan in calm_plan(1..40)) {
        let engines = [
            engine::Setup::polling(),
            engine::Setup::link(Transport::WEBSOCKET),
            engine::Setup::default(),
            engine::Setup::default().stream(),
            engine::Setup::polling().base64(true).jsonp(true).max_payload(1_000_000),
        ];
        let patient = |setup: engine::Setup| setup.heartbeat(Duration::from_secs(25), Duration::from_secs(120));
        // Memberships and refusals depend on who is faster; sending does not.
        let sends: Vec<Op> = plan
            .into_iter()
            .filter(|op| match op {
                Op::Emit { how, .. } => !matches!(how, How::Volatile | How::Retried(..)),
                Op::Net(_) => true,
                _ => false,
            })
            .collect();
        let outcomes = engines.map(|setup| {
            let mut pair = Pair::new(Setup::new(patient(setup)), network.clone());
            let join: Vec<Op> = (0..4).map(Op::Join).collect();
            pair.run(&join);
            pair.settle();
            pair.run(&sends);
            pair.settle();
            let received = |stays: &[Stay]| {
                stays.iter().flat_map(|stay| stay.received.clone()).collect::<Vec<_>>()
            };
            let of_client: Vec<_> = namespaces().map(|n| received(pair.client().record().stays(&n))).collect();
            let of_server: Vec<_> = namespaces().map(|n| received(pair.world().record().stays(&n))).collect();
            (of_client, of_server)
        });
        for outcome in &outcomes {
            prop_assert_eq!(outcome, &outcomes[0]);
        }
    }

    /// A close of either side says so in every namespace, after all that was sent before, and nobody comes back by itself.
    #[test]
    fn a_close_says_so_in_every_namespace(
        setup in setup(),
        seed in any::<u64>(),
        by in prop_oneof![Just(Side::Client), Just(Side::Server)],
        events in vec(0_u8..2, 0..6),
    ) {
        let mut pair = Pair::new(setup, Network::new(seed));
        pair.run(&[Op::Join(0), Op::Join(1)]);
        pair.settle();
        for to in events {
            pair.run(&[Op::Emit { by, to, how: How::Plain, attachments: 1 }]);
        }
        pair.run(&[Op::Net(Net::Close(by))]);
        pair.settle();
        holds(pair.events_are_in_order())?;
        let (of_client, of_server) = match by {
            Side::Client => (DisconnectReason::IoClientDisconnect, DisconnectReason::ClientNamespaceDisconnect),
            Side::Server => (DisconnectReason::IoServerDisconnect, DisconnectReason::ServerNamespaceDisconnect),
        };
        for namespace in [Namespace::ROOT, namespace(1)] {
            let world = pair.world();
            let ([client], [server]) = (pair.client().record().stays(&namespace), world.record().stays(&namespace)) else {
                return Err(TestCaseError::fail("one stay"));
            };
            prop_assert_eq!((client.ended, server.ended), (Some(of_client), Some(of_server)));
            prop_assert_eq!(&client.received, &server.sent);
            prop_assert_eq!(&server.received, &client.sent);
        }
    }

    /// A server that goes down loses nobody who was in: they come back, and are recovered.
    #[test]
    fn a_server_that_shuts_down_sees_its_clients_again(setup in recoverable(), network in network()) {
        let mut pair = Pair::new(setup, network);
        pair.run(&[Op::Join(0), Op::Join(1)]);
        pair.settle();
        pair.run(&[Op::emit(Side::Server, 0), Op::ShutDown]);
        pair.settle();
        for namespace in [Namespace::ROOT, namespace(1)] {
            let world = pair.world();
            let [first, second] = world.record().stays(&namespace) else {
                return Err(TestCaseError::fail("two stays"));
            };
            prop_assert_eq!(first.ended, Some(DisconnectReason::ServerShuttingDown));
            prop_assert!(second.recovered);
        }
        holds(pair.nothing_is_missing())?;
        holds(pair.both_ends_agree())?;
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    /// Whatever a client sends and in whatever order an application and a driver call.
    #[test]
    fn no_sequence_of_calls_breaks_a_server_connection(input in vec(any::<u8>(), 0..400)) {
        ops::server_ops(&input);
    }

    /// Whatever a server sends and in whatever order an application and a driver call.
    #[test]
    fn no_sequence_of_calls_breaks_a_client_connection(input in vec(any::<u8>(), 0..400)) {
        ops::client_ops(&input);
    }
}
