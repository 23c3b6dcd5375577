//! The scheduler: what rejects a pod, what is written for it, how it waits and when it is tried again (`SCHED-*`,
//! `SC-*`).

mod filter;
mod limits;
mod matching;
mod order;
mod refused;
mod retries;
mod texts;
mod waiting;
mod world;
