//! A game: what players do is acknowledged, and where they are is sent to everybody twenty times a second.
//!
//! Positions are volatile: who cannot take one in time misses it and gets the next, so nobody plays the past. Moves are events
//! like any other, in order and each once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use socketio_server::{Ack, Data, Handshake, Namespace, Server, Socket};

use crate::Refusal;

const TICK: Duration = Duration::from_millis(50);

#[derive(Deserialize)]
struct Player {
    name: String,
}

/// Where everybody is, by match.
#[derive(Clone, Default)]
struct Matches(Arc<Mutex<HashMap<String, Players>>>);

/// Their positions.
type Players = BTreeMap<String, (i32, i32)>;

#[derive(Serialize)]
struct Positions<'a> {
    tick: u64,
    players: &'a Players,
}

impl Matches {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Players>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, name: &str) {
        self.lock().retain(|_, players| {
            players.remove(name);
            !players.is_empty()
        });
    }
}

pub(crate) fn register(io: &Server) {
    let matches = Matches::default();
    let game = io
        .of("/game")
        .auth(async |handshake: Handshake| handshake.auth::<Player>());

    let entering = matches.clone();
    game.on(
        "enter",
        async move |socket: Socket<Player>, Data(name): Data<String>| {
            let player = &socket.data().name;
            entering.leave(player);
            for room in socket.rooms() {
                if room != socket.id().as_str() {
                    socket.leave(room);
                }
            }
            socket.join(&name);
            entering
                .lock()
                .entry(name)
                .or_default()
                .insert(player.clone(), (0, 0));
            Ack(true)
        },
    );

    let moving = matches.clone();
    game.on(
        "move",
        async move |socket: Socket<Player>, Data((x, y)): Data<(i32, i32)>| {
            // The server decides where somebody is; a page that asks for more than a step gets a step.
            let mut matches = moving.lock();
            let mut mine = matches
                .values_mut()
                .filter_map(|players| players.get_mut(&socket.data().name));
            let position = mine.next().ok_or(Refusal("enter a match first"))?;
            position.0 = position.0.saturating_add(x.signum());
            position.1 = position.1.saturating_add(y.signum());
            Ok::<_, Refusal>(Ack(*position))
        },
    );

    let leaving = matches.clone();
    game.on_disconnect(async move |socket: Socket<Player>| leaving.leave(&socket.data().name));
    tokio::spawn(tell(game, matches));
}

/// The clock of the game.
async fn tell(game: Namespace<Player>, matches: Matches) {
    let mut clock = tokio::time::interval(TICK);
    for tick in 0.. {
        clock.tick().await;
        for (name, players) in &*matches.lock() {
            // Sending never waits, so the lock may be held; what fails here would fail for everybody and always.
            let _ = game
                .to(name)
                .volatile()
                .emit("positions", &Positions { tick, players });
        }
    }
}
