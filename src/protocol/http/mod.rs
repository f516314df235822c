//! What every HTTP protocol of the house shares: request headers as values.

pub mod header;
