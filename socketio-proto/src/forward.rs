//! Passing calls on to the session.

/// Methods that a connection has because its session has them: they note the time, and pass everything on.
macro_rules! forward {
    ($role:ident; $($method:ident($($arg:ident: $type:ty),*) at $now:ident $(-> $out:ty)?;)*) => { $(
        #[doc = concat!("See [`Session::", stringify!($method), "`](engineio_proto::", stringify!($role), "::Session::", stringify!($method), ").")]
        pub fn $method(&mut self, $($arg: $type,)* $now: Time) $(-> $out)? {
            self.now = $now;
            self.session.$method($($arg,)* $now)
        }
    )* };
}

pub(crate) use forward;
