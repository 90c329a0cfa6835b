//! Namespaces that come into being when a client asks for them, and are freed when nobody is in them.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use socketio_proto::Namespace as Name;

use super::inner::{Claim, Common, Nsp, Shared};
use crate::event::Asking;

/// What a [pattern](crate::Server::of_pattern) matched: the parts of the name that stand for its `{placeholders}`.
///
/// ```
/// # use socketio_server::{ConnectError, Params, Server};
/// # let io = Server::new();
/// let orders = io.of_pattern("/orders/{customer}/{year}")?;
/// orders.auth(async |params: Params| match params.get("year") {
///     Some("2026") => Ok(params.get("customer").unwrap_or_default().to_owned()),
///     _ => Err(ConnectError::new("there are no orders of that year")),
/// });
/// # Ok::<(), socketio_server::InvalidPattern>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Option<Arc<[Param]>>);

/// The name of a placeholder, and what stands for it.
type Param = (Box<str>, Box<str>);

impl Params {
    /// What stands for a placeholder. `None` if the pattern has none of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// All, in the order of the pattern.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter().flat_map(|pairs| pairs.iter());
        pairs.map(|(name, value)| (&**name, &**value))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Why something is no pattern. The caller's doing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPattern {
    /// A brace without its other half, or text beside a placeholder within the same part of the name.
    #[error("a placeholder is a whole part between two slashes, as in \"/orders/{{id}}\"")]
    Placeholder,
    /// Two placeholders of the same name, or one without a name.
    #[error("each placeholder needs a name of its own")]
    Name,
    /// A namespace can never be called that.
    #[error(transparent)]
    Namespace(#[from] socketio_proto::InvalidNamespace),
}

/// A name with placeholders. Each stands for one part of a name, which is not empty.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: Box<str>,
    parts: Box<[Part]>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Box<str>),
    Placeholder(Box<str>),
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, InvalidPattern> {
        let name = Name::new(text)?;
        let mut parts = Vec::new();
        let mut names = Vec::new();
        for part in name.as_str().split('/').skip(1) {
            let inside = part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'));
            if inside.unwrap_or(part).contains(['{', '}']) {
                return Err(InvalidPattern::Placeholder);
            }
            parts.push(match inside {
                Some(name) if name.is_empty() || names.contains(&name) => {
                    return Err(InvalidPattern::Name);
                }
                Some(name) => {
                    names.push(name);
                    Part::Placeholder(name.into())
                }
                None => Part::Text(part.into()),
            });
        }
        Ok(Self {
            text: name.as_str().into(),
            parts: parts.into(),
        })
    }

    fn matches(&self, name: &Name) -> Option<Params> {
        let mut found = Vec::new();
        let mut parts = name.as_str().split('/').skip(1);
        for part in &self.parts {
            let actual = parts.next()?;
            match part {
                Part::Text(text) if **text == *actual => {}
                Part::Placeholder(name) if !actual.is_empty() => {
                    found.push((name.clone(), Box::from(actual)));
                }
                _ => return None,
            }
        }
        let all = parts.next().is_none();
        all.then(|| Params((!found.is_empty()).then(|| found.into())))
    }
}

/// A function that decides whether there is a namespace of a name.
pub(crate) type Judge =
    Box<dyn Fn(Asking) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// Namespaces of a pattern, or those that a function agreed to.
pub(crate) struct Parent {
    this: Weak<Self>,
    label: Box<str>,
    rule: Rule,
    pub(crate) shared: Arc<Shared>,
    pub(crate) common: Arc<Common>,
    children: Mutex<HashMap<Name, Arc<Nsp>>>,
}

enum Rule {
    Pattern(Pattern),
    Judge(Judge),
}

impl Parent {
    pub(crate) fn of_pattern(pattern: Pattern, common: &Arc<Common>) -> Arc<Self> {
        let label = pattern.text.clone();
        Self::new(label, Rule::Pattern(pattern), common)
    }

    pub(crate) fn of_judge(judge: Judge, common: &Arc<Common>) -> Arc<Self> {
        Self::new("(function)".into(), Rule::Judge(judge), common)
    }

    fn new(label: Box<str>, rule: Rule, common: &Arc<Common>) -> Arc<Self> {
        let shared = Shared::new(&label);
        Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            label,
            rule,
            shared,
            common: Arc::clone(common),
            children: Mutex::default(),
        })
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// A function has to be asked: this takes time.
    pub(crate) fn judge(&self) -> Option<&Judge> {
        match &self.rule {
            Rule::Judge(judge) => Some(judge),
            Rule::Pattern(_) => None,
        }
    }

    /// What the pattern says to this name.
    pub(crate) fn matches(&self, name: &Name) -> Option<Params> {
        match &self.rule {
            Rule::Pattern(pattern) => pattern.matches(name),
            Rule::Judge(_) => None,
        }
    }

    /// A socket is on its way into a namespace that is there already.
    pub(crate) fn claim_existing(&self, name: &Name) -> Option<Claim> {
        let children = self.lock();
        children.get(name).map(claim)
    }

    /// A socket is on its way into this namespace, which comes into being if it has to.
    pub(crate) fn claim(&self, name: &Name, params: Params) -> Claim {
        if let Some(claim) = self.claim_existing(name) {
            return claim;
        }
        // Made without the lock, since an adapter is made with it. If another one was faster, this one is dropped.
        let parent = Weak::clone(&self.this);
        let shared = Arc::clone(&self.shared);
        let nsp = Nsp::new(name.clone(), params, shared, &self.common, parent);
        let mut children = self.lock();
        let claimed = claim(
            children
                .entry(name.clone())
                .or_insert_with(|| Arc::clone(&nsp)),
        );
        drop(children);
        if Arc::ptr_eq(claimed.nsp(), &nsp) {
            self.common.hooks.new_namespace(&nsp);
        }
        claimed
    }

    /// A socket has left, or was not let in.
    pub(super) fn release(&self, nsp: &Arc<Nsp>) {
        let mut children = self.lock();
        if nsp.claims.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let freed = children.remove(&nsp.name);
        drop(children);
        if let Some(nsp) = freed {
            self.common.spawn(nsp.adapter().close());
        }
    }

    /// Those that there are.
    pub(crate) fn children(&self) -> Vec<Arc<Nsp>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Arc<Nsp>>> {
        // Nothing of a user runs under it.
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn claim(nsp: &Arc<Nsp>) -> Claim {
    nsp.claims.fetch_add(1, Ordering::AcqRel);
    Claim::new(Arc::clone(nsp))
}

impl fmt::Debug for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parent")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> Option<Vec<(String, String)>> {
        let params = Pattern::new(pattern)
            .unwrap()
            .matches(&Name::new(name).unwrap())?;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Some(params.iter().map(owned).collect())
    }

    #[test]
    fn a_placeholder_stands_for_one_part_that_is_not_empty() {
        let found = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(matches("/a/{id}", "/a/7"), Some(vec![found("id", "7")]));
        let both = vec![found("x", "1"), found("y", "größe")];
        assert_eq!(matches("/{x}/b/{y}", "/1/b/größe"), Some(both));
        for name in ["/a", "/a/", "/a/7/", "/a/7/8", "/b/7", "/A/7"] {
            assert_eq!(matches("/a/{id}", name), None, "{name}");
        }
        assert_eq!(matches("/a", "/a"), Some(vec![]));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["/a{id}", "/{id}b", "/{id", "/id}", "/{{id}}"] {
            let error = Pattern::new(pattern).unwrap_err();
            assert_eq!(error, InvalidPattern::Placeholder, "{pattern}");
        }
        for pattern in ["/{}", "/{a}/{a}"] {
            assert_eq!(Pattern::new(pattern).unwrap_err(), InvalidPattern::Name);
        }
        assert!(matches!(
            Pattern::new("/a,b"),
            Err(InvalidPattern::Namespace(_))
        ));
    }
}
