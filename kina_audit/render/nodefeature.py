"""``--format nodefeature``: the labels of `nfd` as a ``NodeFeature`` of nfd.k8s-sigs.io/v1alpha1, for ``kubectl apply -n NAMESPACE -f -``.

The node is the one of ``--label node=NAME``; Node Feature Discovery applies the labels to the node that the resource's own label
names, and takes no resource without it.
"""

from kina_audit.base.json_text import indented
from kina_audit.render import RenderOptions, cut
from kina_audit.render.nfd import MOST_NAMES, PREFIX, labels
from kina_audit.render.openreports import NODE, metadata
from kina_audit.report.model import Report

NODE_NAME = "nfd.node.kubernetes.io/node-name"


def render(report: Report, _options: RenderOptions) -> str:
    """A NodeFeature, whose annotations say what keeps the audit from passing."""
    node = dict(report.labels).get(NODE, "")
    about = metadata(report)
    own = labels(report)
    names = "\n".join(f"{item.status} {cut(item.name, 200)}" for item in report.deciding[:MOST_NAMES])
    document = {
        "apiVersion": "nfd.k8s-sigs.io/v1alpha1",
        "kind": "NodeFeature",
        "metadata": {
            "name": about["name"],
            "labels": {**about["labels"], **({NODE_NAME: node} if node else {})},
            "annotations": {**about["annotations"], **({"kina-audit.dev/deciding": names} if names else {})},
        },
        "spec": {
            "features": {
                "attributes": {
                    "kina-audit.kernel": {"elements": {k.removeprefix(f"{PREFIX}/"): v for k, v in own.items()}}
                }
            },
            "labels": own,
        },
    }
    return indented(document)
