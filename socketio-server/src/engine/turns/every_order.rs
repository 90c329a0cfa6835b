//! Everybody who deals with a client, in every order in which they can come.
//!
//! What each does is cut where it lets go of the lock. All states that can be reached in any order of these pieces are
//! visited, and in each it is looked whether two hand out at once, whether events are out of order, whether a client is told
//! too early; and where nobody can go on, whether something was forgotten. [`Fault`]s show that it would be seen.

use std::collections::HashSet;

use super::{AHEAD, Turns, Wakers};

impl<W> Wakers<W> {
    fn into_iter(self) -> impl Iterator<Item = W> {
        self.0.into_iter().flatten()
    }
}

/// Somebody who deals with the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    /// The driver of a link, for which frames arrive.
    Driver,
    /// The driver of a client that polls.
    Keeper,
    /// A request that waits for something to be said.
    Get,
    /// A request that brings something.
    Post,
    /// A task of the server in which something was decided.
    Decision,
    /// Somebody who sends.
    Sender,
    /// Somebody who puts the client out.
    Parting,
}

/// Where somebody is. Each step but the waking is made under the lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum At {
    Begin,
    /// Of the driver.
    MayRead,
    Read,
    LookAround {
        left_unread: bool,
    },
    Write {
        again: bool,
    },
    FallAsleep,
    /// Of the `GET`.
    Look,
    /// What [`Fault::LooksThenSleeps`] does.
    Sleep,
    /// Of whoever hands out.
    Take,
    Poll,
    Handle(Event),
    Answer(Event),
    Handled,
    /// What [`Fault::GivesBackLate`] does.
    GiveBack,
    Wake(Vec<Who>, Box<At>),
    /// Until it is woken.
    Asleep(Box<At>),
    End,
}

/// What is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Event {
    Frame(u8),
    Decided,
    Left,
}

/// What the client is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sent {
    Answer,
    Goodbye,
    More,
}

/// What could be done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fault {
    /// Hands out without the baton.
    TakesNoBaton,
    /// Finds nothing more, and gives the baton back in another hold of the lock.
    GivesBackLate,
    /// Gives the baton back and wakes nobody.
    WakesNobody,
    /// Sleeps though there is more to do.
    SleepsAnyhow,
    /// Looks whether there is something, and sleeps in another hold of the lock.
    LooksThenSleeps,
    /// Answers while things are being handed out.
    AnswersEarly,
    /// Tells the client that it is put out before that was handed out.
    TellsFirst,
    /// Puts the client out, and has nobody hand it out.
    AsksNobody,
    /// Reads on, whatever waits to be handed out.
    ReadsOn,
    /// Forgets that it left something unread, when it may be read again.
    ForgetsToRead,
}

/// One state of everything.
#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    turns: Turns<Who>,
    actors: Vec<(Who, At)>,
    woken: Vec<Who>,
    /// Frames that have arrived and were not read.
    arrived: u8,
    read: u8,
    events: Vec<Event>,
    output: Vec<Sent>,
    handed_out: Vec<Event>,
    is_handing_out: bool,
    fault: Option<Fault>,
}

impl World {
    fn new(actors: &[Who], frames: u8, fault: Option<Fault>) -> Self {
        let mut turns = Turns::default();
        let _ = turns.driver_looks(actors.contains(&Who::Driver));
        Self {
            turns,
            actors: actors.iter().map(|who| (*who, At::Begin)).collect(),
            woken: Vec::new(),
            arrived: frames,
            read: 0,
            events: Vec::new(),
            output: Vec::new(),
            handed_out: Vec::new(),
            is_handing_out: false,
            fault,
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Where somebody goes next, which is to hand out if something came in.
    fn changed(&mut self, then: At) -> At {
        let wakers = self.turns.changed(|| false);
        At::Wake(wakers.into_iter().collect(), Box::new(then))
    }

    fn after_handing_out(who: Who) -> At {
        match who {
            Who::Driver => At::MayRead,
            Who::Keeper => At::FallAsleep,
            Who::Get => At::Look,
            _ => At::End,
        }
    }

    /// The next step of somebody. `None` if it has to wait.
    fn step(&self, nth: usize) -> Result<Option<Self>, String> {
        let (who, at) = self.actors[nth].clone();
        let mut world = self.clone();
        let next = match at {
            At::End => return Ok(None),
            At::Asleep(then) => {
                let Some(at) = world.woken.iter().position(|woken| *woken == who) else {
                    return Ok(None);
                };
                world.woken.remove(at);
                *then
            }
            At::Begin => world.begin(who),
            At::MayRead => {
                let may_read = !world.turns.is_behind() || world.has(Fault::ReadsOn);
                match world.arrived > 0 && may_read {
                    true => At::Read,
                    false => At::LookAround {
                        left_unread: world.arrived > 0,
                    },
                }
            }
            At::Read => {
                world.read_one();
                At::Take
            }
            At::LookAround { left_unread } => {
                let looks = world.turns.driver_looks(false);
                let forgets = world.has(Fault::ForgetsToRead);
                match who {
                    _ if looks.is_asked => At::Take,
                    Who::Keeper => At::FallAsleep,
                    _ => At::Write {
                        again: looks.is_roused && left_unread && !forgets,
                    },
                }
            }
            At::Write { again } => {
                if world.turns.may_send() && !world.output.is_empty() {
                    world.send()?;
                }
                match again {
                    true => At::Begin,
                    false => At::FallAsleep,
                }
            }
            At::FallAsleep => {
                let sleeps = world.turns.driver_sleeps(&who, who == Who::Driver);
                match sleeps || world.has(Fault::SleepsAnyhow) {
                    true => At::Asleep(Box::new(At::Begin)),
                    false => At::Begin,
                }
            }
            At::Look => {
                let early = world.has(Fault::AnswersEarly);
                let may_send = world.turns.may_send() && (early || !world.turns.is_dispatching());
                if may_send && !world.output.is_empty() {
                    world.send()?;
                    At::End
                } else if world.has(Fault::LooksThenSleeps) {
                    At::Sleep
                } else {
                    world.turns.get_sleeps(&who);
                    At::Asleep(Box::new(At::Look))
                }
            }
            At::Sleep => {
                world.turns.get_sleeps(&who);
                At::Asleep(Box::new(At::Look))
            }
            At::Take => match world.turns.take_baton() || world.has(Fault::TakesNoBaton) {
                true => At::Poll,
                false => Self::after_handing_out(who),
            },
            At::Poll => match world.events.is_empty() {
                false => At::Handle(world.events.remove(0)),
                true if world.has(Fault::GivesBackLate) => At::GiveBack,
                true => world.give_back(who),
            },
            At::GiveBack => world.give_back(who),
            At::Handle(event) => {
                if std::mem::replace(&mut world.is_handing_out, true) {
                    return Err("two hand out at once".into());
                }
                world.handed_out.push(event);
                At::Answer(event)
            }
            At::Answer(event) => match event {
                Event::Frame(_) => {
                    world.output.push(Sent::Answer);
                    world.changed(At::Handled)
                }
                Event::Decided | Event::Left => At::Handled,
            },
            At::Handled => {
                world.is_handing_out = false;
                At::Poll
            }
            At::Wake(mut wakers, then) => match wakers.pop() {
                None => *then,
                Some(woken) => {
                    if !world.woken.contains(&woken) {
                        world.woken.push(woken);
                    }
                    At::Wake(wakers, then)
                }
            },
        };
        world.actors[nth].1 = next;
        world.check()?;
        Ok(Some(world))
    }

    fn begin(&mut self, who: Who) -> At {
        match who {
            Who::Driver | Who::Keeper => {
                self.turns.driver_runs();
                match who {
                    Who::Driver => At::MayRead,
                    _ => At::LookAround { left_unread: false },
                }
            }
            Who::Get => At::Take,
            Who::Post => {
                self.turns.post_sleeps(&who);
                match self.arrived == 0 || self.turns.is_behind() {
                    true => At::Asleep(Box::new(At::Begin)),
                    false => At::Read,
                }
            }
            Who::Decision => {
                self.events.push(Event::Decided);
                At::Take
            }
            Who::Sender => {
                self.output.push(Sent::More);
                self.changed(At::End)
            }
            Who::Parting => {
                self.events.push(Event::Left);
                self.output.push(Sent::Goodbye);
                let mut woken = Vec::new();
                match self.has(Fault::TellsFirst) {
                    true => woken.extend(self.turns.changed(|| false).into_iter()),
                    false => self.turns.hold_output(),
                }
                if !self.has(Fault::AsksNobody) {
                    woken.extend(self.turns.ask_driver());
                }
                At::Wake(woken, Box::new(At::End))
            }
        }
    }

    /// A frame so large that no other may come before it is handed out.
    fn read_one(&mut self) {
        self.arrived -= 1;
        self.events.push(Event::Frame(self.read));
        self.read += 1;
        self.turns.received(AHEAD as usize);
    }

    fn give_back(&mut self, who: Who) -> At {
        let wakers: Wakers<Who> = self.turns.give_baton_back(|| false);
        let mut woken: Vec<Who> = wakers.into_iter().collect();
        if self.has(Fault::WakesNobody) {
            woken.clear();
        }
        At::Wake(woken, Box::new(Self::after_handing_out(who)))
    }

    fn send(&mut self) -> Result<(), String> {
        let is_told = self.output.contains(&Sent::Goodbye);
        if is_told && !self.handed_out.contains(&Event::Left) {
            return Err("the client is told before it is handed out".into());
        }
        // What one event makes the server say is in one answer with what others said before.
        let who_gets = self.actors.iter().any(|(who, _)| *who == Who::Get);
        if who_gets && self.is_handing_out {
            return Err("an answer leaves while things are handed out".into());
        }
        self.output.clear();
        Ok(())
    }

    /// What has to be so at any time.
    fn check(&self) -> Result<(), String> {
        let frames = self.handed_out.iter().filter_map(|event| match event {
            Event::Frame(n) => Some(*n),
            _ => None,
        });
        if !frames.enumerate().all(|(nth, n)| nth == usize::from(n)) {
            return Err("frames are handed out in another order".into());
        }
        let waiting = |event: &&Event| matches!(event, Event::Frame(_));
        if self.events.iter().filter(waiting).count() > 1 {
            return Err("too much waits to be handed out".into());
        }
        Ok(())
    }

    /// What has to be so when nobody can go on.
    fn check_end(&self) -> Result<(), String> {
        let sleeps = |who: Who| {
            let mut actors = self.actors.iter();
            actors.any(|(other, at)| *other == who && matches!(at, At::Asleep(_)))
        };
        let is_late = !self.output.is_empty() && (sleeps(Who::Driver) || sleeps(Who::Get));
        let problems = [
            (!self.events.is_empty(), "an event was forgotten"),
            (self.turns.is_dispatching(), "somebody has kept the baton"),
            (!self.turns.may_send(), "output is held for ever"),
            (self.arrived > 0, "something was never read"),
            (is_late, "something that is to leave was forgotten"),
        ];
        let problem = problems.iter().find(|(is_so, _)| *is_so);
        problem.map_or(Ok(()), |(_, problem)| Err((*problem).into()))
    }
}

/// Visits all states that can be reached. How many there are, or what is wrong in one, with the way to it.
fn visit(world: World) -> Result<usize, String> {
    let mut seen = HashSet::from([world.clone()]);
    let mut way = vec![(world, 0, None)];
    while let Some((world, nth, moved)) = way.last_mut() {
        if *nth == world.actors.len() {
            if moved.is_none()
                && let Err(problem) = world.check_end()
            {
                return Err(told(problem, &way));
            }
            way.pop();
            continue;
        }
        let stepped = world.step(*nth);
        *nth += 1;
        match stepped {
            Ok(None) => {}
            Ok(Some(next)) => {
                *moved = Some(());
                if seen.insert(next.clone()) {
                    way.push((next, 0, None));
                }
            }
            Err(problem) => return Err(told(problem, &way)),
        }
    }
    Ok(seen.len())
}

fn told(problem: String, way: &[(World, usize, Option<()>)]) -> String {
    let steps = way.iter().filter_map(|(world, nth, _)| {
        let (who, at) = world.actors.get(nth.checked_sub(1)?)?;
        Some(format!("{who:?} {at:?}"))
    });
    let steps: Vec<_> = steps.collect();
    format!("{problem} after:\n{}", steps.join("\n"))
}

/// Who meets whom, and how many frames the client sends.
fn meetings() -> Vec<(Vec<Who>, u8)> {
    use Who::{Decision, Driver, Get, Keeper, Parting, Post, Sender};

    vec![
        (vec![Driver, Decision], 2),
        (vec![Driver, Decision, Sender], 2),
        (vec![Driver, Decision, Decision], 1),
        (vec![Driver, Sender, Sender], 1),
        (vec![Driver, Sender, Parting], 1),
        (vec![Driver, Decision, Parting], 1),
        (vec![Get, Sender], 0),
        (vec![Get, Decision, Sender], 0),
        (vec![Get, Post, Sender], 1),
        (vec![Get, Post, Decision], 1),
        (vec![Get, Keeper, Parting], 0),
        (vec![Get, Keeper, Post, Parting], 1),
        (vec![Get, Keeper, Decision, Parting], 0),
    ]
}

#[test]
fn whoever_meets_nothing_is_forgotten_out_of_order_or_told_too_early() {
    let mut states = 0;
    for (actors, frames) in meetings() {
        match visit(World::new(&actors, frames, None)) {
            Ok(seen) => states += seen,
            Err(problem) => panic!("{actors:?}: {problem}"),
        }
    }
    // So many that this showed something.
    assert!(states > 5_000, "{states}");
}

#[test]
fn each_fault_that_could_be_made_is_seen() {
    let faults = [
        (Fault::TakesNoBaton, "two hand out at once"),
        (Fault::GivesBackLate, "an event was forgotten"),
        (
            Fault::WakesNobody,
            "something that is to leave was forgotten",
        ),
        (
            Fault::SleepsAnyhow,
            "something that is to leave was forgotten",
        ),
        (
            Fault::LooksThenSleeps,
            "something that is to leave was forgotten",
        ),
        (
            Fault::AnswersEarly,
            "an answer leaves while things are handed out",
        ),
        (
            Fault::TellsFirst,
            "the client is told before it is handed out",
        ),
        (Fault::AsksNobody, "an event was forgotten"),
        (Fault::ReadsOn, "too much waits to be handed out"),
        (Fault::ForgetsToRead, "something was never read"),
    ];
    for (fault, problem) in faults {
        let mut others = Vec::new();
        let is_seen = meetings().into_iter().any(|(actors, frames)| {
            let found = visit(World::new(&actors, frames, Some(fault))).err();
            let is_it = found
                .as_ref()
                .is_some_and(|found| found.starts_with(problem));
            others.extend(found);
            is_it
        });
        assert!(is_seen, "{fault:?}: {others:?}");
    }
}
