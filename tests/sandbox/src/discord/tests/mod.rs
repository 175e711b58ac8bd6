//! Promises of the stand-in, over real sockets.
