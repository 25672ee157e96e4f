"""Checks every .onnx file of a folder with ONNX's own checker, shape inference included."""

import pathlib
import sys

import onnx

folder = pathlib.Path(sys.argv[1])
models = sorted(folder.glob("*.onnx"))
operators = set()
ours = failed = 0
for path in models:
    model = onnx.load(str(path))
    # Tests of the import also run models as other programs write them; those are not ours to check.
    if model.producer_name != "reverie":
        continue
    ours += 1
    try:
        onnx.checker.check_model(str(path), full_check=True)
        operators.update(node.op_type for node in model.graph.node)
    except Exception as error:  # The checker raises several kinds; each is a finding.
        failed += 1
        print(f"{path.name}: {str(error)[:600]}")
print(f"onnx {onnx.__version__}: {ours - failed} of {ours} models accepted, with {len(operators)} different operators")
sys.exit(1 if failed or ours == 0 else 0)
