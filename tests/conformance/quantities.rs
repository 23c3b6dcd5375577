//! `quantities.jsonl`: parsing, printing and comparing quantities.

use std::cmp::Ordering;

use bindery::Quantity;
use serde_json::{Value, json};

use crate::{Verdict, differ};

pub(crate) fn judge(case: &Value) -> Verdict {
    if let Some(text) = case["in"].as_str() {
        return judge_text(text, case);
    }
    let parse =
        |key: &str| Quantity::parse(case[key].as_str().unwrap_or_default()).map_err(|error| format!("{key}: {error}"));
    let order = match parse("a")?.cmp(&parse("b")?) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    };
    differ("cmp", &case["cmp"], &json!(order))
}

fn judge_text(text: &str, case: &Value) -> Verdict {
    let parsed = Quantity::parse(text);
    differ("ok", &case["ok"], &json!(parsed.is_ok()))?;
    let quantity = match parsed {
        Err(error) => return differ("error", &case["error"], &json!(error.to_string())),
        Ok(quantity) => quantity,
    };
    differ("canonical", &case["canonical"], &json!(quantity.to_string()))?;
    // Where Kubernetes itself loses the number, an exact one cannot agree with it.
    if case.get("inexact").is_none() {
        differ("value", &case["value"], &json!(quantity.value().map(|value| value.to_string())))?;
    }
    if case.get("milliInexact").is_none() {
        differ("milli", &case["milli"], &json!(quantity.milli_value().map(|value| value.to_string())))?;
    }
    Ok(())
}
