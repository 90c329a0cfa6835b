//! Socket.IO without I/O.
