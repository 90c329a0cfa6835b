//! What a socket shows to the server when it joins a namespace.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use socketio_proto::{RawValue, Value};

use crate::Error;

/// Nothing, a value, or a function that is asked at every attempt.
#[derive(Clone, Default)]
pub(crate) enum Auth {
    #[default]
    None,
    Value(RawValue),
    Function(Arc<dyn Fn() -> Asked + Send + Sync>),
}

pub(crate) type Asked = Pin<Box<dyn Future<Output = Result<Option<RawValue>, Error>> + Send>>;

impl Auth {
    /// # Errors
    ///
    /// The value cannot be serialised, or is no object.
    pub(crate) fn value<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        Ok(to_raw(value)?.map_or(Self::None, Self::Value))
    }

    pub(crate) fn function<F, Fut, T, E>(function: F) -> Self
    where
        F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Serialize,
        E: fmt::Display,
    {
        Self::Function(Arc::new(move || {
            let asked = (function.clone())();
            Box::pin(async move {
                match asked.await {
                    Ok(value) => to_raw(&value),
                    Err(error) => Err(Error::Auth(error.to_string())),
                }
            })
        }))
    }
}

/// Unit and `null` show nothing.
fn to_raw<T: Serialize + ?Sized>(value: &T) -> Result<Option<RawValue>, Error> {
    let value = Value::from_serialize(value).map_err(|error| Error::Auth(error.to_string()))?;
    match value {
        Value::Null => Ok(None),
        Value::Object(_) => RawValue::from_value(&value)
            .map(Some)
            .map_err(|error| Error::Auth(error.to_string())),
        _ => Err(Error::Auth(
            "what is shown to the server has to be an object".into(),
        )),
    }
}

/// Without the value, which is a secret.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Value(_) => "Value(..)",
            Self::Function(_) => "Function(..)",
        })
    }
}
