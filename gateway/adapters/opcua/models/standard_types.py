"""Types of OPC UA itself that the companion models build on, under short names."""

from __future__ import annotations

from asyncua.ua.object_ids import ObjectIds as Ids

from gateway.adapters.opcua.models.namespaces import standard

BASE_OBJECT = standard(Ids.BaseObjectType)
BASE_INTERFACE = standard(Ids.BaseInterfaceType)
FOLDER = standard(Ids.FolderType)
BASE_VARIABLE = standard(Ids.BaseDataVariableType)
DATA_ITEM = standard(Ids.DataItemType)
ANALOG_ITEM = standard(Ids.AnalogItemType)
ANALOG_UNIT_RANGE = standard(Ids.AnalogUnitRangeType)
MULTI_STATE_DISCRETE = standard(Ids.MultiStateDiscreteType)
FINITE_STATE_MACHINE = standard(Ids.FiniteStateMachineType)
FINITE_STATE_VARIABLE = standard(Ids.FiniteStateVariableType)
STATE = standard(Ids.StateType)
INITIAL_STATE = standard(Ids.InitialStateType)
TRANSITION = standard(Ids.TransitionType)

BOOLEAN = standard(Ids.Boolean)
INT32 = standard(Ids.Int32)
UINT32 = standard(Ids.UInt32)
UINTEGER = standard(Ids.UInteger)
NUMBER = standard(Ids.Number)
FLOAT = standard(Ids.Float)
DOUBLE = standard(Ids.Double)
STRING = standard(Ids.String)
LOCALE_ID = standard(Ids.LocaleId)
LOCALIZED_TEXT = standard(Ids.LocalizedText)
NODE_ID = standard(Ids.NodeId)
DATE_TIME = standard(Ids.DateTime)
ANY_TYPE = standard(Ids.BaseDataType)
DURATION = standard(Ids.Duration)
COUNTER = standard(Ids.Counter)
RANGE = standard(Ids.Range)
EU_INFORMATION = standard(Ids.EUInformation)
SEMANTIC_VERSION = standard(Ids.SemanticVersionString)
