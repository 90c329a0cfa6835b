//! A queue that costs nothing while at most one thing waits in it.

use alloc::collections::VecDeque;

/// First in, first out, with the first item inline.
///
/// Nearly always a session owes its peer one message or none, and hands one event at a time to its driver. The
/// first item therefore lives in the session itself: pushing it allocates nothing, which is what a broadcast
/// does to each of 10,000 recipients.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    first: Option<T>,
    /// Empty whenever `first` is.
    rest: VecDeque<T>,
}

/// Room for what usually comes at a time, if it is more than one: growing step by step costs more than the items do.
const BURST: usize = 8;

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self {
            first: None,
            rest: VecDeque::new(),
        }
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            if self.rest.capacity() == 0 {
                self.rest.reserve(BURST);
            }
            self.rest.push_back(item);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        let item = self.first.take();
        if self.rest.capacity() > 0 {
            self.first = self.rest.pop_front();
            // What a burst took is given back: an idle session is to be small.
            if self.rest.is_empty() {
                self.rest = VecDeque::new();
            }
        }
        item
    }

    pub(crate) fn front(&self) -> Option<&T> {
        self.first.as_ref()
    }

    pub(crate) fn front_mut(&mut self) -> Option<&mut T> {
        self.first.as_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;
    use alloc::vec::Vec;

    #[test]
    fn it_keeps_the_order_and_gives_back_what_a_burst_took() {
        let mut queue = Queue::new();
        for burst in [1, 2, 100] {
            for n in 0..burst {
                queue.push(n);
            }
            assert_eq!(queue.len(), burst);
            assert_eq!(
                queue.iter().copied().collect::<Vec<_>>(),
                (0..burst).collect::<Vec<_>>()
            );
            assert_eq!(queue.front(), Some(&0));
            for n in 0..burst {
                assert_eq!(queue.pop(), Some(n));
            }
            assert_eq!(queue.pop(), None);
            assert!(queue.is_empty());
            assert_eq!(queue.rest.capacity(), 0);
        }
    }
}
