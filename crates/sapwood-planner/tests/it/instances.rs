//! Reads `fixtures/planner/instances.json`, and makes random plans.

use std::collections::BTreeSet;

use sapwood_planner::{Plan, Requirement, Slice, SliceId, Surface};
use serde_json::Value;

/// A plan with what is known about it.
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) plan: Plan,
    pub(crate) optimum: u64,
    pub(crate) big_bang: u64,
    pub(crate) greedy: u64,
    pub(crate) sidney_doubled: Option<u64>,
}

pub(crate) fn id(text: &str) -> SliceId {
    SliceId::new(text).unwrap()
}

pub(crate) fn all() -> Vec<Instance> {
    let text = include_str!("../../../../fixtures/planner/instances.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let lists = ["instances", "examples"].map(|key| file[key].as_array().unwrap().clone());
    lists.concat().iter().map(read).collect()
}

fn read(value: &Value) -> Instance {
    let number = |key: &str| value[key].as_u64().unwrap();
    let ids = |value: &Value| -> Vec<SliceId> {
        value.as_array().unwrap().iter().map(|one| id(one.as_str().unwrap())).collect()
    };
    let slices = value["slices"].as_array().unwrap().iter().map(|slice| {
        let surfaces: BTreeSet<Surface> = slice["surfaces"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|surface| Surface(surface.as_str().unwrap().to_owned()))
            .collect();
        let mut read = Slice::new(
            id(slice["id"].as_str().unwrap()),
            slice["effort"].as_u64().unwrap(),
            slice["value"].as_u64().unwrap(),
        );
        read.due = slice["due"].as_u64().unwrap_or(0);
        read.surfaces = surfaces;
        read
    });
    let mut plan = Plan::new(slices.collect());
    plan.teams = u32::try_from(number("teams")).unwrap();
    plan.overhead = number("overhead");
    plan.settle = number("settle");
    plan.together = value["together"].as_array().unwrap().iter().map(ids).collect();
    plan.requires = value["requires"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| Requirement {
            needs: id(pair[0].as_str().unwrap()),
            slice: id(pair[1].as_str().unwrap()),
        })
        .collect();
    let optimal = &value["optimal"];
    Instance {
        id: value["id"].as_str().unwrap().to_owned(),
        plan,
        optimum: optimal["objective"].as_u64().unwrap(),
        big_bang: optimal["baseline"]["big_bang"].as_u64().unwrap(),
        greedy: optimal["baseline"]["wsjf_greedy"].as_u64().unwrap(),
        sidney_doubled: optimal["sidney_lower_bound_x2"].as_u64(),
    }
}
