"""Laws that hold for every program: 1,000 random ones, of which the fast run takes every tenth.

A failure names its seed: `random_diagram(seed)` is the program.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from random_diagrams import RandomProgram, random_diagram, random_program
from random_seeds import ALL, FAST, PROGRAMS, blocks, each_seed, options

from fusionc.check.ir import CheckedDiagram
from fusionc.compiler import check_source
from fusionc.source import Source
from fusionc.testing import Sizes, equivariance_error

TOLERANCE = 1e-11
FLOOR = 0.1  # random weights multiply the rounding of what is zero by symmetry, up to about 1e-13


def checked(program: RandomProgram, seed: int) -> CheckedDiagram:
    result = check_source(Source(f"d{seed}.fusion", program.text), options(seed))
    (diagram,) = result.program.diagrams
    return diagram


# ----------------------------------------------------------------------- laws


def types_are_as_predicted(seed: int) -> str | None:
    """The checker accepts the program, and finds the irreps and spaces that the generator had in mind."""
    program = random_program(seed)
    diagram = checked(program, seed)
    found = tuple(
        (output.name, diagram.values[output.value].irreps.text(diagram.group), diagram.values[output.value].space.value)
        for output in diagram.outputs
    )
    return None if found == program.results else f"{found} is not {program.results}"


def reference_is_equivariant(seed: int) -> str | None:
    diagram = checked(random_program(seed), seed)
    for sizes in (Sizes(leading=(2, 2)), Sizes(nodes=3, edges=0, graphs=1, leading=())):
        for name, error in equivariance_error(diagram, seed=seed, trials=2, sizes=sizes, floor=FLOOR).items():
            if not error <= TOLERANCE:
                return f"{name} has relative error {error:.3g}"
    return None


@pytest.mark.parametrize("seeds", blocks(FAST))
def test_types_are_as_predicted(seeds: range) -> None:
    each_seed(types_are_as_predicted, seeds)


@pytest.mark.parametrize("seeds", blocks(FAST))
def test_the_reference_is_equivariant(seeds: range) -> None:
    each_seed(reference_is_equivariant, seeds)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", blocks(ALL))
def test_all_types_are_as_predicted(seeds: range) -> None:
    each_seed(types_are_as_predicted, seeds)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", blocks(ALL))
def test_the_reference_is_equivariant_for_all(seeds: range) -> None:
    each_seed(reference_is_equivariant, seeds)


# ------------------------------------------------------------------- coverage


def features(text: str) -> tuple[str, ...]:
    return tuple(" ".join(text.split()).split(", "))


COMMON = features(
    """
    O3, SO3, diagram:batch, diagram:node, diagram:edge, graphs, param, named irreps, irreps of harmonics,
    multiplicity left out, natural parity, nested, statement:batch, statement:node, statement:edge,
    statement:sender, statement:graph, statement:once, input:once, input:batch, input:node, input:edge,
    input:graph, once operand, options:statement, gather:receiver, gather:sender, gather:graph, gather up, sum[j],
    mean[j], sum[i], mean[i], sum[i]->g, mean[i]->g, sum[i,j], target or options through a sum, scale option,
    repeated statement, product, mixed multiplicities, unweighted, alternatives, target twice, filter:keep,
    filter:lmax, filter:l, norm:component, norm:norm, norm:none, path_norm:element, path_norm:path,
    path_norm:none, mode:default:summed, mode:default:concatenated, mode:uuu:summed, mode:uuu:concatenated,
    mode:uvu:summed, mode:uvu:concatenated, mode:uvv:summed, mode:uvv:concatenated, mode:uuw:summed,
    mode:uvw:summed, mode:uvuv:summed, mode:uvuv:concatenated, mode:uvu<v:summed, mode:uvu<v:concatenated,
    mode:u<vw:summed, weights:learned, weights:per class, weights:per class:node, weights:given,
    weights:given:node, weights:given:edge, weights:computed, weights:direct, weights:cat, weights:product,
    sympow, sympow:1, sympow:2, sympow:3, sympow:4, sympow:summed, sympow:concatenated, linear, linear:weights,
    linear:bias, cat, filter, segment, regroup, combine, scale, sum of couplings, couplings side by side, dot,
    dot:shared, function, function of 0e, function of 0o, gate, gate:even, gate:odd, sh, sh:normalize=true,
    sh:normalize=false, sh:norm=component, sh:norm=integral, sh:norm=norm, tree, tree:2 leaves, tree:3 leaves,
    tree:4 leaves, tree:5 leaves, tree:one, tree:family, tree:bound, tree:open edge, tree:weights
    """
)
RARE = features(
    """
    sum[g], mean[g], mean[i,j], sum[i,j]->g, mean[i,j]->g, sum of neighbours, uuw to one channel, zero
    multiplicity, weights:per class:edge, weights:per class:graph, weights:given:graph, weight reused, target
    through a function, function:abs, function:cos, function:exp, function:gelu, function:relu, function:sigmoid,
    function:silu, function:sin, function:softplus, function:square, function:tanh
    """
)


@cache
def feature_counts() -> Counter[str]:
    counts: Counter[str] = Counter()
    for seed in range(PROGRAMS):
        counts.update(random_program(seed).features)
    return counts


@pytest.mark.parametrize(("features", "least"), [(COMMON, 25), (RARE, 5)], ids=["common", "rare"])
def test_every_feature_occurs_in_many_programs(features: tuple[str, ...], least: int) -> None:
    counts = feature_counts()
    assert {feature: counts[feature] for feature in features if counts[feature] < least} == {}


def test_no_feature_goes_uncounted() -> None:
    assert sorted(set(feature_counts()) - {*COMMON, *RARE}) == []


def test_a_seed_names_one_program() -> None:
    assert random_diagram(7) == random_diagram(7)
    assert len({random_diagram(seed).split("{", 1)[1] for seed in range(200)}) == 200
