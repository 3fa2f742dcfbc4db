# ruff: noqa: S608 (names of files and columns are ours; values never come near these statements)
"""Questions about everybody: Ibis expressions over the workspace's files, on DuckDB or on the engine the settings name.

    with open_engine() as engine:
        touchpoints = engine.table("touchpoints")
        rows = engine.run(touchpoints.group_by("kind").agg(n=touchpoints.count()))

An engine holds the manifest of the moment it was opened at: whatever is written meanwhile, all its answers are of one
state. It sees the folder of its own workspace and nothing else. To be equal on every engine, expressions count distinct
values as distinct-then-count, take exact quantiles, break ties in windows and never read JSON; see docs/explanation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils.translation import gettext

from rapport.foundation.accounts.tenancy import current_schema
from rapport.stores.warehouse.errors import NotWritten
from rapport.stores.warehouse.extension_points import warehouse_sources
from rapport.stores.warehouse.queries.duckdb import connect
from rapport.stores.warehouse.queries.freshness import freshness_of
from rapport.stores.warehouse.queries.lake import Lake, current_lake
from rapport.stores.warehouse.rules.manifests import Manifest, TableState
from rapport.stores.warehouse.types import ColumnType, Freshness

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa


TOUCHPOINTS = "touchpoints"
STANDING = "_standing"  # ends the names of views that resolve merged customers


def open_engine(*, threads: int | None = None, memory_mb: int | None = None) -> Engine:
    """The engine of the current workspace; close it, or use it as a context. Errors: NotWritten."""
    lake = current_lake()
    manifest = lake.manifest()
    if manifest is None:
        raise NotWritten(gettext("The warehouse of this workspace has not been written yet."))
    name = settings.WAREHOUSE
    if name.startswith("clickhouse"):
        return ClickHouseEngine(lake, manifest, name)
    if name.startswith("spark"):
        return SparkEngine(lake, manifest, name)
    return DuckDBEngine(
        lake,
        manifest,
        threads=threads or settings.WAREHOUSE_THREADS,
        memory_mb=memory_mb or settings.WAREHOUSE_MEMORY_MB,
    )


class Engine(ABC):
    """One state of one workspace, to be asked. `raw` gives a table as it was written, `table` as it is meant."""

    def __init__(self, lake: Lake, manifest: Manifest) -> None:
        self.lake, self.manifest = lake, manifest
        self._known: dict[str, ibis.Table] = {}

    @abstractmethod
    def _table(self, name: str) -> ibis.Table:
        """A table or view of the engine by its name in the manifest, or the one given to `_keep`."""

    @abstractmethod
    def _keep(self, name: str, expression: ibis.Table) -> None:
        """Make the expression a view: it is compiled once instead of with everything that is asked of it."""

    @abstractmethod
    def run(self, expression: ibis.Expr) -> pa.Table: ...

    def close(self) -> None:  # noqa: B027 (some hold nothing)
        """Give back what it holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def freshness(self) -> Freshness:
        return freshness_of(self.manifest)

    def rows(self, name: str) -> int:
        """How many rows a table has as it was written."""
        return self.manifest.tables.get(name, TableState()).rows

    def raw(self, name: str) -> ibis.Table:
        """Errors: KeyError."""
        if name not in self.manifest.tables:
            raise KeyError(name)
        if name not in self._known:
            self._known[name] = self._table(name)
        return self._known[name]

    def table(self, name: str) -> ibis.Table:
        """Touch points come with the standing id of their customer and the amount in the workspace's currency; what was
        retracted or corrected is left out, and what is of customers in the bin. So it is with orders and their lines."""
        source = warehouse_sources.get(name)
        if name != TOUCHPOINTS and not (source and source.of_customers):
            return self.raw(name)
        view = f"{name}{STANDING}"
        if view not in self._known:
            self._keep(view, self._touchpoints() if name == TOUCHPOINTS else self._standing(self.raw(name)))
            self._known[view] = self._table(view)
        return self._known[view]

    def _touchpoints(self) -> ibis.Table:
        rows = self.raw("touchpoints")
        if self.rows("retractions"):
            retracted = self.raw("retractions")
            single = retracted.filter(retracted.touchpoint_id.notnull()).select(gone=retracted.touchpoint_id)
            whole = retracted.filter(retracted.batch_id.notnull()).select(gone=retracted.batch_id)
            rows = rows.anti_join(single, rows.id == single.gone)
            rows = rows.anti_join(whole, rows.batch_id == whole.gone)
        return self._in_one_currency(self._standing(rows))

    def _standing(self, rows: ibis.Table) -> ibis.Table:
        """With the ids that merged customers have now, without those in the bin."""
        import ibis

        if self.rows("aliases"):
            aliases = self.raw("aliases")
            joined = rows.left_join(aliases, rows.customer_id == aliases.absorbed_id)
            standing = ibis.coalesce(joined.surviving_id, joined.customer_id)
            rows = joined.mutate(customer_id=standing).drop("absorbed_id", "surviving_id")
        if self.rows("binned"):
            binned = self.raw("binned").select(binned_id="customer_id")
            rows = rows.anti_join(binned, rows.customer_id == binned.binned_id)
        return rows

    def _in_one_currency(self, rows: ibis.Table) -> ibis.Table:
        """`amount` in the workspace's currency at the rate of its day; empty where no rate is known."""
        import ibis

        given, home = rows.amount_original.cast("float64"), self.manifest.currency
        at_home = (rows.currency == "") | (rows.currency == home)
        if not self.rows("rates"):
            return rows.mutate(amount=ibis.ifelse(at_home, given, ibis.null("float64")))
        rates = self.raw("rates").select(
            rate_currency="currency", rate_from="valid_from", rate_until="valid_until", rate="rate"
        )
        day = rows.occurred_at.date()
        joined = rows.left_join(
            rates, [rows.currency == rates.rate_currency, day >= rates.rate_from, day < rates.rate_until]
        )
        amount = ibis.cases((at_home, given), else_=given * joined.rate)
        return joined.mutate(amount=amount).drop("rate_currency", "rate_from", "rate_until", "rate")

    # For engines

    def _paths(self, name: str) -> list[str]:
        """The files as the engine names them."""
        base = f"{settings.WAREHOUSE_SEEN_AS.rstrip('/')}/{self.lake.folder.name}" if settings.WAREHOUSE_SEEN_AS else ""
        return [f"{base or self.lake.folder}/{file.path}" for file in self._state(name).files]

    def _state(self, name: str) -> TableState:
        return self.manifest.tables[name]


class DuckDBEngine(Engine):
    """In this process, on files of this machine."""

    def __init__(self, lake: Lake, manifest: Manifest, *, threads: int, memory_mb: int) -> None:
        super().__init__(lake, manifest)
        import ibis

        self._connection = connect(threads=threads, memory_mb=memory_mb)
        self._backend = ibis.duckdb.from_connection(self._connection)
        folder = str(lake.folder)
        # From here on it opens files of this folder only, writes none but its own spill, and nobody can change that.
        for statement in (
            f"SET temp_directory = {_text(folder + '/spill')}",
            f"SET allowed_directories = [{_text(folder + '/data/')}, {_text(folder + '/spill/')}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self._connection.execute(statement)
        for name, state in manifest.tables.items():
            self._connection.execute(f"CREATE VIEW {name} AS {self._select(name, state)}")

    def _table(self, name: str) -> ibis.Table:
        return self._backend.table(name)

    def _keep(self, name: str, expression: ibis.Table) -> None:
        self._connection.execute(f"CREATE VIEW {name} AS {self._backend.compile(expression)}")

    def run(self, expression: ibis.Expr) -> pa.Table:
        return self._backend.to_pyarrow(expression)

    def close(self) -> None:
        self._connection.close()

    def _select(self, name: str, state: TableState) -> str:
        columns = [f"CAST(NULL AS {_DUCKDB[kind]}) AS {column}" for column, kind in state.columns]
        if not state.files:
            return f"SELECT {', '.join(columns)} WHERE false"
        paths = ", ".join(_text(str(self.lake.folder / file.path)) for file in state.files)
        if name != "touchpoints":
            return f"SELECT * FROM read_parquet([{paths}])"
        # Older files may lack columns of properties that came later; a row of none names them all.
        names = ", ".join(column for column, _ in state.columns)
        return (
            f"SELECT {names} FROM (SELECT * FROM read_parquet([{paths}], union_by_name = true)"
            f" UNION ALL BY NAME SELECT {', '.join(columns)} WHERE false)"
        )


class SparkEngine(Engine):
    """An existing Spark cluster that sees the same files: spark://host:7077, or spark://local for one in this process."""

    def __init__(self, lake: Lake, manifest: Manifest, url: str) -> None:
        super().__init__(lake, manifest)
        import ibis
        from pyspark.sql import SparkSession

        _teach_spark()
        self._session = (
            SparkSession.builder.master("local[2]" if url == "spark://local" else url)
            .appName(f"rapport {lake.folder.name}")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", str(max(2, settings.WAREHOUSE_THREADS * 2)))
            .getOrCreate()
        )
        self._backend = ibis.pyspark.connect(self._session)
        self._session.conf.set("spark.sql.session.timeZone", "UTC")
        for name, state in manifest.tables.items():
            schema = ", ".join(f"{column} {_SPARK[kind]}" for column, kind in state.columns)
            frame = (
                self._session.read.schema(schema).parquet(*self._paths(name))
                if state.files
                else self._session.createDataFrame([], schema)
            )
            frame.createOrReplaceTempView(self._view(name))

    def _table(self, name: str) -> ibis.Table:
        return self._backend.table(self._view(name))

    def _keep(self, name: str, expression: ibis.Table) -> None:
        self._session.sql(self._backend.compile(expression)).createOrReplaceTempView(self._view(name))

    def run(self, expression: ibis.Expr) -> pa.Table:
        return self._backend.to_pyarrow(expression)

    def _view(self, name: str) -> str:
        # A session is one for the process: the name of the workspace keeps its views apart from those of others.
        return f"{self.lake.folder.name}_{self.manifest.version}_{name}"

    def close(self) -> None:
        for name in {*self.manifest.tables, *self._known}:
            self._session.catalog.dropTempView(self._view(name))


def _teach_spark() -> None:
    """Spark has an aggregate bit_or; Ibis 12 knows it of every engine here but Spark."""
    from ibis.backends.sql.compilers.pyspark import PySparkCompiler

    def visit_bit_or(self: Any, _op: Any, *, arg: Any, where: Any) -> Any:
        return self.agg.bit_or(arg, where=where)

    if not hasattr(PySparkCompiler, "visit_BitOr") or PySparkCompiler.visit_BitOr is PySparkCompiler.visit_Undefined:
        PySparkCompiler.visit_BitOr = visit_bit_or


class ClickHouseEngine(Engine):
    """An existing ClickHouse server that sees the same files: clickhouse://user:password@host:8443/database?secure=1."""

    def __init__(self, lake: Lake, manifest: Manifest, url: str) -> None:
        super().__init__(lake, manifest)
        import ibis

        parts = urlsplit(url)
        self._backend = ibis.clickhouse.connect(
            host=parts.hostname or "localhost",
            port=parts.port,
            user=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            secure="secure=1" in parts.query,
        )
        # A database for each workspace: grants of the server can keep them apart as well.
        self._database = f"{parts.path.strip('/') or 'rapport'}_{current_schema()}"
        self._backend.raw_sql(f"CREATE DATABASE IF NOT EXISTS {self._database}")
        for name, state in manifest.tables.items():
            select = clickhouse_select(state, self._paths(name))
            self._backend.raw_sql(f"CREATE OR REPLACE VIEW {self._database}.{self._view(name)} AS {select}")

    def _table(self, name: str) -> ibis.Table:
        return self._backend.table(self._view(name), database=self._database)

    def _keep(self, name: str, expression: ibis.Table) -> None:
        select = self._backend.compile(expression)
        self._backend.raw_sql(f"CREATE OR REPLACE VIEW {self._database}.{self._view(name)} AS {select}")

    def run(self, expression: ibis.Expr) -> pa.Table:
        return self._backend.to_pyarrow(expression)

    def _view(self, name: str) -> str:
        return f"{name}_{self.manifest.version}"

    def close(self) -> None:
        for name in {*self.manifest.tables, *self._known}:
            self._backend.raw_sql(f"DROP VIEW IF EXISTS {self._database}.{self._view(name)}")
        self._backend.disconnect()


_DUCKDB = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.DECIMAL: "DECIMAL(18, 4)",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INSTANT: "TIMESTAMPTZ",
    ColumnType.DAY: "DATE",
}
_SPARK = {
    ColumnType.TEXT: "STRING",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.DECIMAL: "DECIMAL(18, 4)",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INSTANT: "TIMESTAMP",
    ColumnType.DAY: "DATE",
}
_CLICKHOUSE = {
    ColumnType.TEXT: "String",
    ColumnType.INTEGER: "Int64",
    ColumnType.NUMBER: "Float64",
    ColumnType.DECIMAL: "Decimal(18, 4)",
    ColumnType.BOOLEAN: "Bool",
    ColumnType.INSTANT: "DateTime64(6, 'UTC')",
    ColumnType.DAY: "Date32",
}
_IBIS = {
    ColumnType.TEXT: "string",
    ColumnType.INTEGER: "int64",
    ColumnType.NUMBER: "float64",
    ColumnType.DECIMAL: "decimal(18, 4)",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.INSTANT: "timestamp('UTC', 6)",
    ColumnType.DAY: "date",
}


def clickhouse_select(state: TableState, paths: list[str]) -> str:
    """The rows of the files with the columns the manifest names: older files may lack some."""
    structure = ", ".join(f"{column} Nullable({_CLICKHOUSE[kind]})" for column, kind in state.columns)
    if not paths:
        return f"SELECT * FROM null({_text(structure)}) WHERE 0"
    source = "s3" if paths[0].startswith(("s3://", "https://")) else "file"
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(name)
    # Alternatives in braces hold inside one folder only.
    places = [
        f"{folder}/{names[0] if len(names) == 1 else '{' + ','.join(names) + '}'}" for folder, names in folders.items()
    ]
    return " UNION ALL ".join(
        f"SELECT * FROM {source}({_text(place)}, 'Parquet', {_text(structure)})" for place in places
    )


def ibis_schema(state: TableState) -> dict[str, str]:
    """The columns as Ibis calls their types, for tables that no engine is asked about."""
    return {column: _IBIS[kind] for column, kind in state.columns}


def _text(value: str) -> str:
    return (
        "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
        if "\\" in value
        else "'" + value.replace("'", "''") + "'"
    )
