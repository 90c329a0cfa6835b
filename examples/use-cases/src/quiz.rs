//! A quiz: one person asks, the server's clock decides who was in time, and everybody sees the scores. A question is over when
//! everybody has answered, or when its time is.
//!
//! An answer is an event with an acknowledgement, so a player knows whether it counted. A late one is refused, however slow or
//! clever the clock of the page is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use socketio_server::{Ack, Data, EmitError, Handshake, Namespace, Server, Socket};

use tokio::sync::Notify;

use crate::Refusal;

#[derive(Deserialize)]
struct Participant {
    name: String,
    #[serde(default)]
    host: bool,
}

#[derive(Deserialize)]
struct Question {
    text: String,
    choices: Vec<String>,
    right: usize,
    seconds: u32,
}

#[derive(Serialize)]
struct Asked<'a> {
    text: &'a str,
    choices: &'a [String],
    seconds: u32,
}

struct Open {
    question: Question,
    answers: BTreeMap<String, usize>,
    all_have_answered: Arc<Notify>,
}

#[derive(Default)]
struct Game {
    open: Option<Open>,
    scores: BTreeMap<String, u32>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Game>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Game> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn register(io: &Server) {
    let shared = Shared::default();
    let quiz = io
        .of("/quiz")
        .auth(async |handshake: Handshake| handshake.auth::<Participant>());
    // Players by a room: the host gets neither questions nor ticks.
    quiz.on_connect(async |socket: Socket<Participant>| {
        if !socket.data().host {
            socket.join("players");
        }
    });

    let (asking, everybody) = (shared.clone(), quiz.clone());
    quiz.on(
        "ask",
        async move |socket: Socket<Participant>, Data(question): Data<Question>| {
            if !socket.data().host {
                return Err(Refusal("only the host asks"));
            }
            // Nobody answers before the question is open: the lock is held while it is sent, which never waits.
            let mut game = asking.lock();
            if game.open.is_some() {
                return Err(Refusal("one question after the other"));
            }
            let Question {
                text,
                choices,
                seconds,
                ..
            } = &question;
            let asked = Asked {
                text,
                choices,
                seconds: *seconds,
            };
            let sent = everybody.to("players").emit("question", &asked);
            sent.map_err(|_| Refusal("this question cannot be sent"))?;
            let seconds = question.seconds;
            let all_have_answered = Arc::new(Notify::new());
            game.open = Some(Open {
                question,
                answers: BTreeMap::new(),
                all_have_answered: Arc::clone(&all_have_answered),
            });
            drop(game);
            tokio::spawn(count_down(everybody, asking, seconds, all_have_answered));
            Ok(Ack(true))
        },
    );

    quiz.on(
        "answer",
        async move |socket: Socket<Participant>, Data(choice): Data<usize>| {
            let mut game = shared.lock();
            let Some(Open {
                answers,
                all_have_answered,
                ..
            }) = &mut game.open
            else {
                return Err(Refusal("too late"));
            };
            if answers.contains_key(&socket.data().name) {
                return Err(Refusal("the first answer counts"));
            }
            answers.insert(socket.data().name.clone(), choice);
            let there = socket.namespace().sockets();
            let players = there.iter().filter(|socket| socket.is_in("players"));
            if answers.len() >= players.count() {
                all_have_answered.notify_one();
            }
            Ok(Ack(true))
        },
    );
}

/// Tells how much time is left, and at the end who was right.
async fn count_down(
    quiz: Namespace<Participant>,
    shared: Shared,
    seconds: u32,
    all_have_answered: Arc<Notify>,
) -> Result<(), EmitError> {
    let mut clock = tokio::time::interval(Duration::from_secs(1));
    clock.tick().await;
    for left in (1..=seconds).rev() {
        // Who misses one gets the next.
        quiz.to("players").volatile().emit("left", &left)?;
        tokio::select! {
            _ = clock.tick() => {}
            () = all_have_answered.notified() => break,
        }
    }
    let scores = {
        let mut game = shared.lock();
        if let Some(Open {
            question, answers, ..
        }) = game.open.take()
        {
            for (name, choice) in answers {
                *game.scores.entry(name).or_default() += u32::from(choice == question.right);
            }
        }
        game.scores.clone()
    };
    quiz.emit("scores", &scores)
}
