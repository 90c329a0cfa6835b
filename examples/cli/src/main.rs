//! `sio` connects to any Socket.IO server: it listens, emits, asks for acknowledgements, and watches what happens.
//!
//! `cargo run -p socketio-cli -- --help` explains it, and `cargo install --path examples/cli` keeps it. Try it with the chat of
//! the examples: `sio localhost:3000 -a name=Ada -a key=mine watch`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints what it was asked for"
)]

mod options;
mod print;
mod values;

use std::collections::VecDeque;
use std::process::ExitCode;

use socketio_client::{
    AckError, AckFuture, Arguments, Builder, Error, Event, Lifecycle, Socket, Status, Value,
};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::options::{Command, Options};

/// What goes wrong, and what a script sees of it.
enum Failure {
    NotConnected(String),
    Usage(String),
    Refused(String),
    TooLate(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refused) => Self::Refused(match refused.data() {
                Some(data) => format!("the server refused: {refused} {data}"),
                None => format!("the server refused: {refused}"),
            }),
            Error::Url { .. } | Error::Config(_) => Self::Usage(error.to_string()),
            error => Self::NotConnected(error.to_string()),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => return ExitCode::SUCCESS,
        Err(words) => return complain(&words, 2),
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::NotConnected(words)) => complain(&words, 1),
        Err(Failure::Usage(words)) => complain(&words, 2),
        Err(Failure::Refused(words)) => complain(&words, 3),
        Err(Failure::TooLate(words)) => complain(&words, 4),
    }
}

fn complain(words: &str, status: u8) -> ExitCode {
    eprintln!("sio: {}", print::visible(words));
    if status == 2 {
        eprintln!("sio: `sio --help` explains everything");
    }
    ExitCode::from(status)
}

/// Events, and what happens to the connection, in the order in which they came.
enum Happened {
    Event(Event),
    Change(Lifecycle),
}

/// How much may wait to be printed. If the terminal is slower than the server, less is read from the server.
const WAITING: usize = 64;

async fn run(options: Options) -> Result<(), Failure> {
    let (events, mut happened) = mpsc::channel(WAITING);
    let changes = events.clone();
    // Nobody takes them any more when the program ends.
    let builder = options
        .builder()
        .map_err(Failure::Usage)?
        .on_any(async move |event: Event| drop(events.send(Happened::Event(event)).await))
        .on_lifecycle(async move |change: Lifecycle| {
            drop(changes.send(Happened::Change(change)).await)
        });
    let Some((socket, early)) = connect(builder, &options, &mut happened).await? else {
        return Ok(());
    };
    let mut session = Session {
        socket,
        options,
        happened,
        early,
    };
    let result = session.run().await;
    // What was sent still leaves.
    drop(session.happened);
    session.socket.close().await;
    result
}

/// Connects, and returns what happened meanwhile. `None` if somebody does not want to wait any longer.
async fn connect(
    builder: Builder,
    options: &Options,
    happened: &mut mpsc::Receiver<Happened>,
) -> Result<Option<(Socket, VecDeque<Happened>)>, Failure> {
    let mut early = VecDeque::new();
    let connecting = builder.connect();
    tokio::pin!(connecting);
    loop {
        tokio::select! {
            socket = &mut connecting => return Ok(Some((socket?, early))),
            Some(happened) = happened.recv() => match happened {
                Happened::Change(Lifecycle::ConnectError(error)) => {
                    // What is the end is told then.
                    if options.wait && !options.silent && error.refusal().is_none() {
                        complained(&error.to_string());
                    }
                }
                other => early.push_back(other),
            },
            _ = tokio::signal::ctrl_c() => return Ok(None),
        }
    }
}

/// What was asked and is not answered yet: the name of the event, and the answer.
type Questions = JoinSet<(String, Result<Vec<Value>, AckError>)>;

struct Session {
    socket: Socket,
    options: Options,
    happened: mpsc::Receiver<Happened>,
    /// What happened while it connected.
    early: VecDeque<Happened>,
}

impl Session {
    async fn run(&mut self) -> Result<(), Failure> {
        match self.options.command.clone() {
            Command::Emit { event, args } => {
                let sent = self
                    .socket
                    .emit_arguments(&event, Arguments::from_values(&args));
                sent.map_err(|error| Failure::Usage(error.to_string()))
            }
            Command::Ask { event, args } => self.ask(&event, &args).await,
            Command::Listen { events } => self.listen(&events, false).await,
            Command::Watch => self.listen(&[], true).await,
            Command::Talk => self.talk().await,
        }
    }

    fn question(&self, event: &str, args: &[Value]) -> AckFuture<()> {
        let emitter = self.socket.timeout(self.options.timeout);
        emitter.emit_arguments_with_ack(event, Arguments::from_values(args))
    }

    async fn ask(&self, event: &str, args: &[Value]) -> Result<(), Failure> {
        match self.question(event, args).args().await {
            Ok(answer) => {
                print::answer(&answer.to_values(), self.options.json);
                Ok(())
            }
            Err(AckError::Emit(error)) => Err(Failure::Usage(error.to_string())),
            Err(AckError::Closed) => Err(Failure::NotConnected(AckError::Closed.to_string())),
            Err(error) => Err(Failure::TooLate(format!("{event}: {error}"))),
        }
    }

    async fn next(&mut self) -> Option<Happened> {
        match self.early.pop_front() {
            Some(happened) => Some(happened),
            None => self.happened.recv().await,
        }
    }

    /// Prints events until there were enough, somebody ends it, or the socket is closed for good.
    async fn listen(&mut self, names: &[String], all_news: bool) -> Result<(), Failure> {
        let by = self
            .options
            .count
            .map(|_| Instant::now() + self.options.timeout);
        let mut seen = 0;
        while self.options.count.is_none_or(|count| seen < count) {
            tokio::select! {
                Some(happened) = self.next() => match happened {
                    Happened::Event(event) => {
                        if names.is_empty() || names.iter().any(|name| name == event.name()) {
                            seen += 1;
                            print::event(&event, self.options.json);
                        }
                        self.answer(&event);
                    }
                    Happened::Change(change) => {
                        self.news(&change, all_news);
                        self.ended(&change)?;
                    }
                },
                () = at(by) => return Err(Failure::TooLate(format!("{seen} events came in time"))),
                _ = tokio::signal::ctrl_c() => break,
            }
        }
        Ok(())
    }

    /// Sends what is typed, until there is no more, and prints events meanwhile.
    async fn talk(&mut self) -> Result<(), Failure> {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        let mut questions: Questions = JoinSet::new();
        let mut open = true;
        // Who has nothing more to say still hears the answers to what was asked.
        while open || !questions.is_empty() {
            tokio::select! {
                Some(Ok((event, answer))) = questions.join_next() => match answer {
                    Ok(values) => print::answer(&values, self.options.json),
                    Err(error) => complained(&format!("{event}: {error}")),
                },
                Some(happened) = self.next() => match happened {
                    Happened::Event(event) => {
                        print::event(&event, self.options.json);
                        self.answer(&event);
                    }
                    Happened::Change(change) => {
                        self.news(&change, false);
                        self.ended(&change)?;
                    }
                },
                line = lines.next_line(), if open => match line {
                    Ok(Some(line)) => self.typed(&line, &mut questions),
                    _ => open = false,
                },
                _ = tokio::signal::ctrl_c() => break,
            }
        }
        Ok(())
    }

    /// One line: an event and its arguments, perhaps as a question.
    fn typed(&self, line: &str, questions: &mut Questions) {
        let line = line.trim();
        let (asks, rest) = match line.strip_prefix('?') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let words = values::words(rest);
        let Some((event, words)) = words.split_first() else {
            return;
        };
        let args: Result<Vec<_>, _> = words.iter().map(|word| values::argument(word)).collect();
        let args = match args {
            Ok(args) => args,
            Err(words) => return complained(&words),
        };
        let event = values::name(event);
        if asks {
            let question = self.question(&event, &args);
            questions.spawn(async move {
                let answer = question.args().await;
                (event, answer.map(|args| args.to_values()))
            });
        } else if let Err(error) = self
            .socket
            .emit_arguments(&event, Arguments::from_values(&args))
        {
            complained(&format!("{event}: {error}"));
        }
    }

    fn answer(&self, event: &Event) {
        if let Some(answer) = &self.options.answer
            && event.wants_ack()
            && let Err(error) = event.ack(&socketio_client::Values(answer.clone()))
        {
            complained(&format!("the answer was not sent: {error}"));
        }
    }

    fn news(&self, change: &Lifecycle, all: bool) {
        if all && self.options.json {
            print::change(change, &self.socket);
        } else if !self.options.silent {
            print::news(change, &self.socket, all);
        }
    }

    /// Whether the connection is gone for good, which is the end of the program.
    fn ended(&self, change: &Lifecycle) -> Result<(), Failure> {
        let may_be = matches!(
            change,
            Lifecycle::Disconnected { .. }
                | Lifecycle::ConnectError(_)
                | Lifecycle::ReconnectFailed
        );
        match &*self.socket.status().borrow() {
            Status::Closed { reason } if may_be => Err(reason.clone().into_error().into()),
            _ => Ok(()),
        }
    }
}

fn complained(words: &str) {
    eprintln!("sio: {}", print::visible(words));
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
