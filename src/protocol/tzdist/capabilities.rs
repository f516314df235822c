//! What the time zone service can do (RFC 7808 §5.1, §6.1): one table, from which the answer is
//! made.

use super::{Given, JSON, zones::tag};
use crate::format::tz::database::version;
use crate::protocol::http::TIME_ZONE_SERVICE;
use serde_json::{Value, json};

/// A parameter, and whether it must be there.
type Parameter = (&'static str, bool);

/// Each action: its name, its template below the service, its parameters.
static ACTIONS: [(&str, &str, &[Parameter]); 6] = [
    ("capabilities", "/capabilities", &[]),
    ("list", "/zones{?changedsince}", &[("changedsince", false)]),
    ("get", "/zones{/tzid}{?start,end}", &[("start", false), ("end", false)]),
    ("expand", "/zones{/tzid}/observances{?start,end}", &[("start", true), ("end", true)]),
    ("find", "/zones{?pattern}", &[("pattern", true)]),
    ("leapseconds", "/leapseconds", &[]),
];

/// The answer.
pub fn give() -> Given {
    let actions = ACTIONS.iter().map(|(name, template, parameters)| {
        let parameters = parameters
            .iter()
            .map(|(name, required)| json!({ "name": name, "required": required, "multi": false }));
        let template = format!("{TIME_ZONE_SERVICE}{template}");
        let parameters: Vec<Value> = parameters.collect();
        json!({ "name": name, "uri-template": template, "parameters": parameters })
    });
    let value = json!({
        "version": 1,
        "info": {
            "primary-source": format!("IANA:{}", version()),
            "formats": ["text/calendar"],
            "truncated": { "any": true, "untruncated": true },
        },
        "actions": actions.collect::<Vec<_>>(),
    });
    let body = value.to_string().into_bytes();
    Given { media_type: JSON, tag: tag(&body), body }
}
