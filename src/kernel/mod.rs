//! The shared words of the house: values without I/O, which every other module may use.

pub mod ids;
pub mod change;
pub mod etag;
pub mod limits;
pub mod varint;
pub mod search;
pub mod clock;
pub mod privilege;
pub mod secret;
pub mod fault;
