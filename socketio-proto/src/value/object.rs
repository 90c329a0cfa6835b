//! Objects: members in the order in which they came.

use alloc::string::String;
use alloc::vec::{self, Vec};
use core::{fmt, slice};

use super::Value;

/// The members of an object, in order.
///
/// A peer may send a key twice. Both are kept, and the second one counts, as in JavaScript; looking for the first
/// when the second arrives would make a long object slow.
#[derive(Clone, Default)]
pub struct Object(Vec<(String, Value)>);

impl Object {
    /// No members.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of a key. Looks at one member after the other.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let found = self.0.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    /// Sets the value of a key, and gives back the value that it had.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().rev().find(|(name, _)| *name == key) {
            Some((_, old)) => Some(core::mem::replace(old, value)),
            None => {
                self.0.push((key, value));
                None
            }
        }
    }

    /// Takes a key out, and gives back its value.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let value = self.get(key).cloned();
        self.0.retain(|(name, _)| name != key);
        value
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members in order.
    pub fn iter(&self) -> slice::Iter<'_, (String, Value)> {
        self.0.iter()
    }

    /// Appends a member without looking whether the key is there.
    pub(crate) fn push(&mut self, key: String, value: Value) {
        self.0.push((key, value));
    }

    /// Gives back what was reserved and not used.
    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }
}

/// The order of the members does not matter.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        fn sorted(object: &Object) -> Vec<(&str, &Value)> {
            let mut members: Vec<_> = object.iter().map(|(k, v)| (k.as_str(), v)).collect();
            // Of equal keys the last one counts: it comes first here and the others go.
            members.reverse();
            members.sort_by_key(|(key, _)| *key);
            members.dedup_by_key(|(key, _)| *key);
            members
        }
        sorted(self) == sorted(other)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(k, v)| (k, v)))
            .finish()
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        let members = members.into_iter();
        Self(members.map(|(k, v)| (k.into(), v.into())).collect())
    }
}

impl IntoIterator for Object {
    type Item = (String, Value);
    type IntoIter = vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Object {
    type Item = &'a (String, Value);
    type IntoIter = slice::Iter<'a, (String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_keys_the_last_one_counts() {
        let twice: Object = [("a", 1), ("b", 2), ("a", 3)].into_iter().collect();
        assert_eq!(twice.get("a"), Some(&Value::from(3)));
        let once: Object = [("b", 2), ("a", 3)].into_iter().collect();
        assert_eq!(twice, once);
        let other: Object = [("b", 2), ("a", 1)].into_iter().collect();
        assert_ne!(twice, other);
    }

    #[test]
    fn members_are_set_and_taken() {
        let mut object = Object::new();
        assert_eq!(object.insert("a", 1), None);
        assert_eq!(object.insert("a", true), Some(Value::from(1)));
        assert_eq!(object.remove("a"), Some(Value::from(true)));
        assert_eq!(object.remove("a"), None);
        assert!(object.is_empty());
    }
}
