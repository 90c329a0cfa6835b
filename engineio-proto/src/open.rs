//! The open packet: what a server tells a client first.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{DecodeError, Frame, Sid, Text};

/// The data of the open packet.
///
/// ```
/// use core::time::Duration;
/// use engineio_proto::Sid;
/// use engineio_proto::open::Open;
///
/// let sid = Sid::new("CutEdQFlYU6blFeZAAAB").unwrap();
/// let mut open = Open::new(sid, Duration::from_secs(25), Duration::from_secs(20));
/// open.upgrades.push("websocket".into());
/// let json = open.encode();
/// assert_eq!(
///     json,
///     r#"{"sid":"CutEdQFlYU6blFeZAAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#,
/// );
/// assert_eq!(Open::decode(&json), Ok(open));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Open {
    /// The id of the session.
    pub sid: Sid,
    /// The names of transports that the client may go over to.
    pub upgrades: Vec<String>,
    /// How long after the last heartbeat the next one starts.
    pub ping_interval: Duration,
    /// How long the answer to a heartbeat may take.
    pub ping_timeout: Duration,
    /// The most bytes that the server takes in one body or frame. Servers before Engine.IO 6.2 do not say it.
    pub max_payload: Option<usize>,
}

impl Open {
    /// The longest JSON that is decoded. The reference sends 118 characters.
    pub const MAX_LEN: usize = 16 * 1024;

    /// The longest interval or timeout that is decoded: a signed number of 32 bits in milliseconds, almost 25
    /// days. Timers in browsers wait no longer.
    pub const MAX_PERIOD: Duration = Duration::from_millis(i32::MAX as u64);

    /// Without upgrades, and without a word about sizes.
    pub fn new(sid: Sid, ping_interval: Duration, ping_timeout: Duration) -> Self {
        Self {
            sid,
            upgrades: Vec::new(),
            ping_interval,
            ping_timeout,
            max_payload: None,
        }
    }

    /// The JSON, its keys in the order in which the reference writes them.
    pub fn encode(&self) -> Text {
        let json = Json {
            sid: Cow::Borrowed(self.sid.as_str()),
            upgrades: self.upgrades.iter().map(Cow::from).collect(),
            ping_interval: millis(self.ping_interval),
            ping_timeout: millis(self.ping_timeout),
            max_payload: self.max_payload.map(|max| max as u64),
        };
        // Text, numbers and a list of text: there is nothing in it that JSON cannot say.
        Text::from(serde_json::to_string(&json).unwrap_or_default())
    }

    /// Reads the JSON of a server: keys in any order, unknown ones ignored, `maxPayload` optional.
    ///
    /// # Errors
    ///
    /// [`DecodeError::InvalidHandshake`] if a key is missing, a number is negative, no integer or longer than
    /// [`MAX_PERIOD`](Self::MAX_PERIOD), the interval is zero, the id is none (see [`Sid::new`]), or the JSON is
    /// longer than [`MAX_LEN`](Self::MAX_LEN). It is the server's fault.
    pub fn decode(json: &str) -> Result<Self, DecodeError> {
        Self::from_json(json).ok_or(DecodeError::InvalidHandshake)
    }

    fn from_json(json: &str) -> Option<Self> {
        if json.len() > Self::MAX_LEN {
            return None;
        }
        let json: Json<'_> = serde_json::from_str(json).ok()?;
        let ping_interval = period(json.ping_interval)?;
        // A client of revision 3 pings at this interval: it would do nothing else.
        if ping_interval.is_zero() {
            return None;
        }
        Some(Self {
            sid: Sid::new(&json.sid)?,
            upgrades: json.upgrades.into_iter().map(Cow::into_owned).collect(),
            ping_interval,
            ping_timeout: period(json.ping_timeout)?,
            max_payload: json
                .max_payload
                .filter(|max| *max > 0) // to the reference, zero says nothing
                .map(|max| usize::try_from(max).unwrap_or(usize::MAX)),
        })
    }
}

/// What a client says first on a WebTransport stream, which has no query to say it in: `0` begins a session,
/// `0{"sid":"…"}` is a link for one that exists.
///
/// A server reads the first frame of a stream with this, before it knows what session the stream is for. The frames after it
/// go to [`handle_frame`](crate::server::Session::handle_frame).
///
/// ```
/// use engineio_proto::open::ClientOpen;
/// use engineio_proto::{DecodeError, Frame};
///
/// assert_eq!(ClientOpen::decode(&Frame::text("0")), Ok(ClientOpen::New));
/// let link = ClientOpen::decode(&Frame::text(r#"0{"sid":"CutEdQFlYU6blFeZAAAB"}"#));
/// assert!(matches!(link, Ok(ClientOpen::Link(sid)) if sid.as_str() == "CutEdQFlYU6blFeZAAAB"));
/// assert_eq!(ClientOpen::decode(&Frame::text("2probe")), Err(DecodeError::Unexpected));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the protocol knows these two")]
pub enum ClientOpen {
    /// A new session.
    New,
    /// A link for this session, which may not exist.
    Link(Sid),
}

impl ClientOpen {
    /// Reads the first frame of a stream.
    ///
    /// # Errors
    ///
    /// It is something else. The client's fault; the stream is closed.
    pub fn decode(frame: &Frame) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Shown<'a> {
            #[serde(borrow)]
            sid: Cow<'a, str>,
        }
        let text = frame.to_text().ok_or(DecodeError::Unexpected)?;
        let json = text.strip_prefix('0').ok_or(DecodeError::Unexpected)?;
        if json.is_empty() {
            return Ok(Self::New);
        }
        if json.len() > Open::MAX_LEN {
            return Err(DecodeError::InvalidHandshake);
        }
        let shown: Shown<'_> =
            serde_json::from_str(json).map_err(|_| DecodeError::InvalidHandshake)?;
        Sid::new(&shown.sid)
            .map(Self::Link)
            .ok_or(DecodeError::InvalidHandshake)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn period(millis: u64) -> Option<Duration> {
    Some(Duration::from_millis(millis)).filter(|period| *period <= Open::MAX_PERIOD)
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    #[serde(borrow)]
    sid: Cow<'a, str>,
    upgrades: Vec<Cow<'a, str>>,
    ping_interval: u64,
    ping_timeout: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_payload: Option<u64>,
}
