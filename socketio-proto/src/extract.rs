//! What handlers take and give, on both sides.

use core::ops::{Deref, DerefMut};

/// The arguments of an event as a `T`, in the parameters of a handler.
///
/// How many arguments that is follows from the type: see [`Args`](crate::Args). If what a peer sent does not fit, the
/// handler is not called, and the error is reported.
///
/// ```
/// use socketio_proto::Data;
///
/// fn on_move(Data((x, y)): Data<(i32, i32)>) -> i32 {
///     x + y
/// }
/// assert_eq!(on_move(Data((1, 2))), 3);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "it is taken apart in patterns")]
pub struct Data<T>(pub T);

impl<T> Deref for Data<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Data<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// The acknowledgement of an event, as what a handler returns.
///
/// It is sent if the peer asked for one. How many arguments it has follows from the type, as everywhere: see
/// [`Args`](crate::Args). `Ack(())` answers without arguments; a handler that returns `()` does not answer.
///
/// ```
/// use socketio_proto::{Ack, Data};
///
/// fn save(Data(text): Data<String>) -> Ack<(bool, usize)> {
///     Ack((true, text.len()))
/// }
/// assert_eq!(save(Data("four".into())), Ack((true, 4)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "it is put together where it is returned"
)]
pub struct Ack<T>(pub T);
