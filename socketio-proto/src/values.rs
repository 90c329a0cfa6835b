//! Arguments of any number.

use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, Serializer};

use crate::Value;

/// All arguments, whatever they are and however many: for those who pass on what they do not know.
///
/// By [the rule](crate::Args) a `Vec` is one argument, and a tuple as many as are written down. This is as many as it
/// holds, sent and received.
///
/// ```
/// use socketio_proto::{Arguments, Value, Values};
///
/// let values = Values(vec![Value::from("a"), Value::from(1), Value::Null]);
/// assert_eq!(Arguments::new(&values).to_values().unwrap(), values.0);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "it is taken apart in patterns")]
pub struct Values(pub Vec<Value>);

/// A tuple of so many elements asks for all arguments that there are.
pub(crate) const ALL: usize = usize::MAX;

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for value in &self.0 {
            tuple.serialize_element(value)?;
        }
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("arguments")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(Values(values))
            }
        }

        deserializer.deserialize_tuple(ALL, Collect)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::Args;

    fn received(values: &[Value]) -> Values {
        Args::event("e", values).unwrap().deserialize().unwrap()
    }

    #[test]
    fn as_many_are_received_as_were_sent() {
        for values in [
            vec![],
            vec![Value::Null],
            vec![Value::Array(vec![Value::from(1), Value::from(2)])],
            vec![
                Value::from(1),
                Value::from("b"),
                Value::from(bytes::Bytes::from_static(b"c")),
            ],
        ] {
            assert_eq!(received(&values).0, values);
            let sent = Values(values.clone());
            assert_eq!(crate::Arguments::new(&sent).to_values().unwrap(), values);
        }
    }

    #[test]
    fn as_one_argument_of_several_they_are_an_array() {
        let array = Value::Array(vec![Value::from(1), Value::from(2)]);
        let args = Args::event("e", &[Value::from("a"), array.clone()]).unwrap();
        let (first, rest): (Value, Values) = args.deserialize().unwrap();
        assert_eq!((first, Value::Array(rest.0)), (Value::from("a"), array));
    }
}
