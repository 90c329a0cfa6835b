//! What a client said when it came, and when it asked for a namespace.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use engineio_proto::Revision;
use serde::de::DeserializeOwned;
use socketio_proto::{ConnectError, Object, RawValue, Value};

use crate::engine;

/// What a client said: its first HTTP request, and what it shows to be let into this namespace.
///
/// The request is that of the connection: it is the same in all namespaces of a client, and stays when the client goes over to
/// another transport. Cheap to clone. In the parameters of a handler it is that of the socket.
///
/// ```no_run
/// # use serde::Deserialize;
/// # use socketio_server::{ConnectError, Handshake, Server};
/// # let io = Server::new();
/// #[derive(Deserialize)]
/// struct Login {
///     token: String,
/// }
///
/// let chat = io.of("/chat").auth(async |handshake: Handshake| {
///     let login: Login = handshake.auth()?;
///     if login.token != "secret" {
///         return Err(ConnectError::new("bad token").with_data(401));
///     }
///     Ok(handshake.header("user-agent").unwrap_or("unknown").to_owned())
/// });
/// ```
#[derive(Clone)]
pub struct Handshake {
    inner: Arc<Inner>,
}

struct Inner {
    request: Arc<engine::Handshake>,
    auth: Option<RawValue>,
    revision: Revision,
}

impl Handshake {
    pub(crate) fn new(
        request: Arc<engine::Handshake>,
        auth: Option<RawValue>,
        revision: Revision,
    ) -> Self {
        // What a client shows is a part of what was read; a socket is kept for longer than that buffer should be.
        let auth = auth.and_then(|auth| RawValue::from_value(&auth.to_value()).ok());
        Self {
            inner: Arc::new(Inner {
                request,
                auth,
                revision,
            }),
        }
    }

    /// What the client shows, as a type of yours. A client that shows nothing shows `{}`.
    ///
    /// Clients 2.x show the query string behind the name of the namespace; all its values are text.
    ///
    /// # Errors
    ///
    /// It is something else. Passed on with `?` from [`auth`](crate::Namespace::auth), it refuses the client and says why.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, ConnectError> {
        let shown = match &self.inner.auth {
            Some(auth) => auth.deserialize(),
            None => Value::Object(Object::new()).to_type(),
        };
        shown.map_err(|error| ConnectError::new(format!("invalid auth: {error}")))
    }

    /// What the client shows, as an object; empty if it shows nothing.
    pub fn auth_object(&self) -> Object {
        match self.inner.auth.as_ref().map(RawValue::to_value) {
            Some(Value::Object(object)) => object,
            _ => Object::new(),
        }
    }

    /// The revision of Engine.IO that the client speaks: 4, or 3 if it is a 2.x one.
    pub fn revision(&self) -> Revision {
        self.inner.revision
    }

    /// The object that JavaScript applications know as `socket.handshake`, for other programs: `headers`, `time`, `address`,
    /// `xdomain`, `secure`, `issued`, `url`, `query`, `auth`.
    pub fn to_object(&self) -> Object {
        let mut headers = Object::new();
        for (name, value) in self.headers() {
            let value = String::from_utf8_lossy(value);
            let value = match headers.get(name).and_then(Value::as_str) {
                Some(before) => format!("{before}, {value}"),
                None => value.into_owned(),
            };
            headers.insert(name, value);
        }
        let mut query = Object::new();
        for (name, value) in self.query_pairs() {
            query.insert(name, value.into_owned());
        }
        let issued = self.issued().duration_since(std::time::UNIX_EPOCH);
        let issued = issued.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0));
        let mut object = Object::new();
        object.insert("headers", Value::Object(headers));
        object.insert("time", js_date(issued));
        let address = self.address().map(|address| address.to_string());
        object.insert("address", address.unwrap_or_default());
        object.insert("xdomain", self.is_cross_domain());
        object.insert("secure", self.is_secure());
        object.insert("issued", issued);
        object.insert("url", self.url());
        object.insert("query", Value::Object(query));
        object.insert("auth", Value::Object(self.auth_object()));
        object
    }
}

/// URL, query, headers, address and the rest of the request.
impl Deref for Handshake {
    type Target = engine::Handshake;

    fn deref(&self) -> &engine::Handshake {
        &self.inner.request
    }
}

/// Without what the client shows, which is a secret.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("request", &self.inner.request)
            .field("revision", &self.inner.revision)
            .finish_non_exhaustive()
    }
}

/// A time in milliseconds since 1970 as JavaScript's `Date` writes it, in UTC.
fn js_date(millis: u64) -> String {
    let seconds = millis / 1000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Civil date from days, by eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12;
    let year = era * 400 + year_of_era + u64::from(month < 2);
    let name = |names: &'static str, at: u64| {
        let at = usize::try_from(at).unwrap_or(0) * 3;
        names.get(at..at + 3).unwrap_or("???")
    };
    format!(
        "{} {} {day:02} {year:04} {:02}:{:02}:{:02} GMT+0000 (Coordinated Universal Time)",
        name("ThuFriSatSunMonTueWed", days % 7),
        name("JanFebMarAprMayJunJulAugSepOctNovDec", month),
        second / 3600,
        second / 60 % 60,
        second % 60,
    )
}

#[cfg(test)]
mod tests {
    use super::js_date;

    #[test]
    fn dates_read_as_in_javascript() {
        let utc = "(Coordinated Universal Time)";
        for (millis, date) in [
            (0, "Thu Jan 01 1970 00:00:00 GMT+0000"),
            (951_782_399_999, "Mon Feb 28 2000 23:59:59 GMT+0000"),
            (951_782_400_000, "Tue Feb 29 2000 00:00:00 GMT+0000"),
            (1_795_163_559_000, "Fri Nov 20 2026 08:32:39 GMT+0000"),
            (4_102_444_799_000, "Thu Dec 31 2099 23:59:59 GMT+0000"),
        ] {
            assert_eq!(js_date(millis), format!("{date} {utc}"));
        }
    }
}
