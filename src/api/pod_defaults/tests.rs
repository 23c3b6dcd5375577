//! Pods of a template are completed in parts; what comes out is what completing the whole gives.

use std::fmt::Write;

use crate::api::pod_defaults::{LastCompleted, complete_pod, complete_pod_of_template};
use crate::model::pod::Pod;

/// Parts of specs, of which one pod takes one each: what pods of a template share, volumes, names.
const SHARED: [&str; 9] = [
    r#""containers":[{"name":"c","image":"nginx"}]"#,
    r#""containers":[{"name":"c","image":"nginx:1"},{"name":"d"}],"initContainers":[{"name":"i","image":"a@b"}]"#,
    r#""containers":[{"name":"c","resources":{"limits":{"cpu":"0.5","memory":"1.5Gi"}},"ports":[{"containerPort":80}]}]"#,
    r#""containers":[{"name":"c","ports":[{"containerPort":80}]}],"hostNetwork":true,"nodeName":"n1","zeta":[1.50]"#,
    r#""containers":[{"name":"c","unknown":{"b":1,"a":2}}],"serviceAccount":"robot","tolerations":[{"key":"k"}]"#,
    r#""containers":[{"name":"c","livenessProbe":{"httpGet":{"port":80}}}],"affinity":{"nodeAffinity":{}},"priority":7"#,
    r#""containers":[{"name":"c","env":[{"name":"E","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]}]"#,
    r#""containers":[],"ephemeralContainers":[{"name":"e","image":"busybox:latest"}],"restartPolicy":"Never""#,
    r#""containers":null,"nodeSelector":{"b":"","a":"x"},"overhead":{"cpu":"0.0001"}"#,
];
const VOLUMES: [&str; 9] = [
    "",
    r#""volumes":[]"#,
    r#""volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c-0"}}]"#,
    r#""volumes":[{"persistentVolumeClaim":{"readOnly":false}},{"name":"w","persistentVolumeClaim":null}]"#,
    r#""volumes":[{"name":"v"},{"name":"w","persistentVolumeClaim":{"claimName":"c-1","readOnly":false,"odd":1}}]"#,
    r#""volumes":[{"name":"v","configMap":{"name":"m"}},{"name":"w","secret":{"secretName":"s"}}]"#,
    r#""volumes":[{"name":"v","ephemeral":{"volumeClaimTemplate":{"spec":{"resources":{"requests":{"storage":"1Gi"}}}}}}]"#,
    r#""volumes":[{"name":"v","image":{"reference":"a:latest"}},{"name":"w","rbd":{"image":"i"},"zz":1,"odd":[]}]"#,
    r#""volumes":[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}},{"name":"w","hostPath":{}}]"#,
];
const NAMES: [&str; 3] = ["", r#""hostname":"web-0","subdomain":"web""#, r#""hostname":"web-1","subdomain":"""#];

fn pod(parts: [&str; 3]) -> Pod {
    let mut spec = String::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        write!(spec, "{}{part}", if spec.is_empty() { "" } else { "," }).expect("text can be written");
    }
    serde_json::from_str(&format!(r#"{{"metadata":{{"name":"p"}},"spec":{{{spec}}}}}"#)).expect("a pod")
}

fn text(pod: &Pod) -> String {
    serde_json::to_string(pod).expect("pods have a JSON form")
}

#[test]
fn pods_of_a_template_are_completed_as_any_others() {
    let mut last = LastCompleted::default();
    for shared in SHARED {
        for volumes in VOLUMES {
            for names in NAMES {
                let given = pod([shared, volumes, names]);
                let (mut whole, mut first, mut next, mut again) = (given.clone(), given.clone(), given.clone(), given);
                complete_pod(&mut whole);
                complete_pod_of_template(&mut first, &mut LastCompleted::default());
                complete_pod_of_template(&mut next, &mut last);
                complete_pod_of_template(&mut again, &mut last);
                for completed in [first, next, again] {
                    assert_eq!(completed, whole);
                    assert_eq!(text(&completed), text(&whole));
                }
            }
        }
    }
}

#[test]
fn what_was_completed_stays_as_it_is() {
    let mut last = LastCompleted::default();
    for shared in SHARED {
        let mut completed = pod([shared, VOLUMES[4], NAMES[1]]);
        complete_pod_of_template(&mut completed, &mut last);
        let mut again = completed.clone();
        complete_pod_of_template(&mut again, &mut last);
        assert_eq!(text(&again), text(&completed));
    }
}

#[test]
fn pods_of_a_template_share_what_is_the_same() {
    let mut last = LastCompleted::default();
    let [mut one, mut other] = [NAMES[1], NAMES[2]].map(|names| pod([SHARED[0], VOLUMES[2], names]));
    complete_pod_of_template(&mut one, &mut last);
    complete_pod_of_template(&mut other, &mut last);
    assert_eq!(one.spec.containers.as_ptr(), other.spec.containers.as_ptr());
    assert!(one.spec.extras.same(&other.spec.extras));
}
