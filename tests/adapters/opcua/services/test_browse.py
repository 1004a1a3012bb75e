"""Browse, BrowseNext, TranslateBrowsePathsToNodeIds and RegisterNodes as a client sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.services.browse import MAX_REFERENCES_PER_NODE
from gateway.adapters.opcua.services.translate import MAX_ELEMENTS
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from tests.serving import serving

CHILDREN = 2500
BIG, SERVER, OBJECTS = "ns=2;s=many", "i=2253", "i=85"
ALL = 63
POINTS = Limits().continuation_points


@pytest.fixture
async def big_url(settings: OpcUaSettings) -> AsyncIterator[str]:
    """A server with many points directly below one analyser."""
    points = tuple(PointSpec((f"P{number}",), ValueKind.INTEGER, "") for number in range(CHILDREN))
    site = SiteSpec("big", (DeviceSpec("many", "", "", "", (PointGroup(0, "many", points),)),))
    async with serving(OpcUaAdapter(site, settings)) as endpoint:
        yield endpoint


def _node(text: str) -> ua.NodeId:
    return ua.NodeId.from_string(text)


def _description(
    node: str, *, direction: int = 0, kind: int = 33, subtypes: bool = True, classes: int = 0, mask: int = ALL
) -> ua.BrowseDescription:
    return ua.BrowseDescription(_node(node), direction, ua.NodeId(kind), subtypes, classes, mask)


async def _browse(
    client: Client, *what: ua.BrowseDescription, page: int = 0, view: ua.NodeId | None = None
) -> list[ua.BrowseResult]:
    parameters = ua.BrowseParameters(ua.ViewDescription(view or ua.NodeId()), page, list(what))
    return await client.uaclient.browse(parameters)


async def _next(client: Client, *points: bytes, release: bool = False) -> list[ua.BrowseResult]:
    return await client.uaclient.browse_next(ua.BrowseNextParameters(release, list(points)))


async def test_all_children_page_by_page(big_url: str) -> None:
    async with Client(big_url) as client:
        for page in (0, 999, CHILDREN, 7 * CHILDREN):
            expected = min(page or MAX_REFERENCES_PER_NODE, MAX_REFERENCES_PER_NODE)
            (result,) = await _browse(client, _description(BIG), page=page)
            found = [one.BrowseName.Name for one in result.References]
            assert len(found) == expected
            while result.ContinuationPoint:
                (result,) = await _next(client, result.ContinuationPoint)
                assert result.StatusCode.is_good()
                assert 0 < len(result.References) <= expected
                found += [one.BrowseName.Name for one in result.References]
            assert found == [f"P{number}" for number in range(CHILDREN)]


async def test_a_continuation_point_works_once_and_for_its_session_alone(big_url: str) -> None:
    async with Client(big_url) as client, Client(big_url) as thief:
        (result,) = await _browse(client, _description(BIG), page=10)
        point = result.ContinuationPoint
        (stolen,) = await _next(thief, point)
        assert stolen.StatusCode.name == "BadContinuationPointInvalid"
        (second,) = await _next(client, point)
        assert [one.BrowseName.Name for one in second.References] == [f"P{number}" for number in range(10, 20)]
        again, nonsense, null = await _next(client, point, b"x", None)  # type: ignore[arg-type]  # what clients send
        assert {one.StatusCode.name for one in (again, nonsense, null)} == {"BadContinuationPointInvalid"}
        assert await _next(client, second.ContinuationPoint, release=True) == []
        (released,) = await _next(client, second.ContinuationPoint)
        assert released.StatusCode.name == "BadContinuationPointInvalid"
        with pytest.raises(ua.uaerrors.BadNothingToDo):
            await _next(client)


async def test_continuation_points_are_few_and_the_oldest_makes_room(big_url: str) -> None:
    async with Client(big_url) as client:
        results = await _browse(client, *[_description(BIG)] * (POINTS + 2), page=5)
        assert [one.StatusCode.name for one in results] == ["Good"] * POINTS + ["BadNoContinuationPoints"] * 2
        assert not any(one.References for one in results[POINTS:])
        (newest,) = await _browse(client, _description(BIG), page=5)
        first, second, last = await _next(
            client, results[0].ContinuationPoint, results[1].ContinuationPoint, newest.ContinuationPoint
        )
        assert first.StatusCode.name == "BadContinuationPointInvalid"  # an earlier request made room for a new one
        assert (second.StatusCode.name, last.StatusCode.name) == ("Good", "Good")
        whole = await _browse(client, *[_description(SERVER)] * (POINTS + 2))
        assert {one.StatusCode.name for one in whole} == {"Good"}  # whoever needs none gets everything


async def test_one_request_returns_a_bounded_number_of_references(big_url: str) -> None:
    async with Client(big_url) as client:
        results = await _browse(client, *[_description(BIG)] * 40)
        assert sum(len(one.References) for one in results) <= 20_000
        assert {one.StatusCode.name for one in results} == {"Good", "BadNoContinuationPoints"}
        unwanted = await _browse(client, *[_description(BIG, classes=ua.NodeClass.Method)] * 200)
        assert [one.StatusCode.name for one in unwanted][:80] == ["Good"] * 80
        assert unwanted[-1].StatusCode.name == "BadNoContinuationPoints"  # so much was looked at in vain


async def test_filters(url: str) -> None:
    async with Client(url) as client:
        everything, down, up, up_of_child = await _browse(
            client,
            _description("ns=2;s=stack/I1", kind=0, direction=2),
            _description("ns=2;s=stack/I1", kind=0, direction=0),
            _description("ns=2;s=stack/I1", kind=0, direction=1),
            _description("ns=2;s=stack/I1/Value", kind=33, direction=1),
        )
        assert len(everything.References) == len(down.References) + len(up.References)
        assert {one.IsForward for one in down.References} == {True}
        assert {one.IsForward for one in up.References} == {False}
        assert [one.NodeId.to_string() for one in up_of_child.References] == ["ns=2;s=stack/I1"]
        for kind, subtypes, names in (
            (33, True, {"Value", "Name", "Fault"}),
            (33, False, set()),
            (47, False, {"Value", "Name", "Fault"}),
            (46, True, set()),
        ):
            (result,) = await _browse(client, _description("ns=2;s=stack/I1", kind=kind, subtypes=subtypes))
            assert {one.BrowseName.Name for one in result.References} == names
        methods, objects = await _browse(
            client,
            _description(SERVER, classes=ua.NodeClass.Method),
            _description(SERVER, classes=ua.NodeClass.Object | ua.NodeClass.View),
        )
        assert {one.NodeClass for one in methods.References} == {ua.NodeClass.Method}
        assert {one.NodeClass for one in objects.References} == {ua.NodeClass.Object}


async def test_fields_as_asked_for(url: str) -> None:
    async with Client(url) as client:
        for bit in range(6):
            (result,) = await _browse(client, _description("ns=2;s=stack/I1", mask=1 << bit))
            value = result.References[0]
            assert value.NodeId.to_string() == "ns=2;s=stack/I1/Value"
            assert [
                not value.ReferenceTypeId.is_null(),
                value.IsForward,
                value.NodeClass != 0,
                value.BrowseName.Name is not None,
                value.DisplayName.Text is not None,
                not value.TypeDefinition.is_null(),
            ] == [place == bit for place in range(6)]


async def test_what_cannot_be_browsed(url: str) -> None:
    async with Client(url) as client:
        results = await _browse(
            client,
            _description("ns=2;s=nobody"),
            _description("i=0"),
            _description(OBJECTS, direction=3),
            _description(OBJECTS, direction=-1),
            _description(OBJECTS, kind=85),
            _description(OBJECTS, kind=999_999),
            _description(OBJECTS),
        )
        assert [one.StatusCode.name for one in results] == [
            "BadNodeIdUnknown",
            "BadNodeIdUnknown",
            "BadBrowseDirectionInvalid",
            "BadBrowseDirectionInvalid",
            "BadReferenceTypeIdInvalid",
            "BadReferenceTypeIdInvalid",
            "Good",
        ]
        with pytest.raises(ua.uaerrors.BadNothingToDo):
            await _browse(client)
        for view in (ua.NodeId(87), ua.NodeId(424_242)):
            with pytest.raises(ua.uaerrors.BadViewIdUnknown):
                await _browse(client, _description(OBJECTS), view=view)


def _element(name: str | None, *, namespace: int = 2, kind: int = 33, inverse: bool = False) -> ua.RelativePathElement:
    return ua.RelativePathElement(ua.NodeId(kind), inverse, True, ua.QualifiedName(name, namespace))


def _path(start: str, *elements: ua.RelativePathElement) -> ua.BrowsePath:
    return ua.BrowsePath(_node(start), ua.RelativePath(list(elements)))


async def test_browse_paths(url: str) -> None:
    analysers = _element("Analysers")
    async with Client(url) as client:
        good, up, doubled = await client.uaclient.translate_browsepaths_to_nodeids(
            [
                _path(OBJECTS, analysers, _element("stack"), _element("I1"), _element("Value", kind=47)),
                _path("ns=2;s=stack/I1", _element("stack", inverse=True)),
                _path(OBJECTS, _element("Server", namespace=0, kind=0)),
            ]
        )
        (target,) = good.Targets
        assert target.TargetId.to_string() == "ns=2;s=stack/I1/Value"
        assert target.RemainingPathIndex == 2**32 - 1
        assert [one.TargetId.to_string() for one in up.Targets] == ["ns=2;s=stack"]
        assert [one.TargetId.to_string() for one in doubled.Targets] == [SERVER]
        results = await client.uaclient.translate_browsepaths_to_nodeids(
            [
                _path("ns=2;s=nobody", analysers),
                _path(OBJECTS),
                _path(OBJECTS, analysers, _element(None)),
                _path(OBJECTS, _element(None), analysers),
                _path(OBJECTS, _element("Analysers", namespace=0)),
                _path(OBJECTS, _element("Analysers", kind=46)),
                _path(OBJECTS, _element("Analysers", inverse=True)),
                _path(OBJECTS, _element("Analysers", kind=85)),
                _path(OBJECTS, *[analysers] * (MAX_ELEMENTS + 1)),
            ]
        )
        assert [one.StatusCode.name for one in results] == [
            "BadNodeIdUnknown",
            "BadNothingToDo",
            "BadBrowseNameInvalid",
            "BadBrowseNameInvalid",
            "BadNoMatch",
            "BadNoMatch",
            "BadNoMatch",
            "BadNoMatch",
            "BadQueryTooComplex",
        ]
        with pytest.raises(ua.uaerrors.BadNothingToDo):
            await client.uaclient.translate_browsepaths_to_nodeids([])


async def test_paths_that_lead_around_in_circles(big_url: str) -> None:
    """Each step looks at every child; what all paths together may cost is bounded, and honest ones are not near it."""
    there_and_back = [_element("P1"), _element("many", inverse=True)] * (MAX_ELEMENTS // 2)
    async with Client(big_url) as client:
        results = await client.uaclient.translate_browsepaths_to_nodeids([_path(BIG, *there_and_back)] * 100)
        assert results[0].StatusCode.is_good()
        assert results[-1].StatusCode.name == "BadQueryTooComplex"
        honest = await client.uaclient.translate_browsepaths_to_nodeids([_path(BIG, _element("P1"))] * 1500)
        assert all(one.StatusCode.is_good() for one in honest)


async def test_registering_nodes(url: str) -> None:
    known, unknown = _node("ns=2;s=stack/I1/Value"), _node("ns=2;s=nobody")
    async with Client(url) as client:
        assert await client.uaclient.register_nodes([known, unknown]) == [known, unknown]
        await client.uaclient.unregister_nodes([known, ua.NodeId()])
        with pytest.raises(ua.uaerrors.BadNodeIdInvalid):
            await client.uaclient.register_nodes([known, ua.NodeId()])
        with pytest.raises(ua.uaerrors.BadNodeIdInvalid):
            await client.uaclient.unregister_nodes([ua.NodeId()])
        for call in (client.uaclient.register_nodes, client.uaclient.unregister_nodes):
            with pytest.raises(ua.uaerrors.BadNothingToDo):
                await call([])
