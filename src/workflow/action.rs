//! `uses:` references and the exact version of artifact actions behind them.
