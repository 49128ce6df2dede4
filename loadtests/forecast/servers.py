"""Deployments that are paid by the hour: the monolith on one VM or on Fargate, and functions on Lambda Managed Instances.

Each function returns dollars a month by part. Traffic may hold arrays; every part is then an array too.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from loadtests.forecast.parameters import Parameters
from loadtests.forecast.traffic import Floats, Traffic
from loadtests.forecast.units import MONTH_HOURS

VM_SIZES = ("t4g_small", "t4g_medium", "t4g_large", "m7g_large", "m7g_xlarge")
DATABASE_SIZES = ("t4g_micro", "t4g_small", "t4g_medium", "t4g_large", "m7g_large")
MANAGED_SIZE = "m7g_large"
CAPACITY = "monolith.requests_per_vcpu"
STORED, BETWEEN_ZONES, OUT = "database.stored_gb", "network.between_zones_gb", "network.out_gb"
Costs = dict[str, Floats | float]
Counted = Mapping[str, Floats]


class Size(NamedTuple):
    """A size of an instance: its price an hour, its vCPUs, and those that it sustains."""

    price: float
    vcpus: float
    sustained: float


def one_vm(traffic: Traffic, parameters: Parameters, counted: Counted) -> Costs:
    """Return the cost of server and database on one virtual machine, the cheapest that carries the traffic."""
    machine = _cheapest("ec2", VM_SIZES, _vcpus(traffic, parameters), parameters)
    return {
        "virtual machine": machine * MONTH_HOURS,
        "public IPv4": parameters.value("network.ipv4_hours") * MONTH_HOURS,
        **_disk_and_operation(counted, parameters, "ebs.storage_gb_months"),
    }


def fargate(traffic: Traffic, parameters: Parameters, counted: Counted, *, zones: int) -> Costs:
    """Return the cost of tasks behind a load balancer with an RDS database, in one zone or two.

    The tasks follow the load, down to one in each zone. The database has the size that the peak needs. A task and its database
    are in the same zone by chance; bytes between zones are paid in both directions.
    """
    value = parameters.value
    share = value("monolith.database_share")
    tasks = _tasks(_vcpus(traffic, parameters, 1 - share), zones, parameters)
    task_hour = value("fargate.task_vcpus") * value("fargate.vcpu_hours")
    task_hour += value("fargate.task_gb") * value("fargate.gb_hours")
    database = _cheapest("rds", DATABASE_SIZES, _vcpus(traffic, parameters, share), parameters)
    connections = traffic.mean / value("alb.requests_per_connection") / value("alb.lcu_connections")
    lcus = np.maximum(connections, counted.get(OUT, 0.0) / MONTH_HOURS / value("alb.lcu_gb_per_hour"))
    crossing_gb = counted.get(BETWEEN_ZONES, 0.0) * (zones - 1) / zones * 2
    return {
        "tasks": tasks * task_hour * MONTH_HOURS,
        "load balancer": (value("alb.hours") + lcus * value("alb.lcu_hours")) * MONTH_HOURS,
        "database": database * zones * MONTH_HOURS,
        "public IPv4": (value("alb.addresses") + tasks) * value("network.ipv4_hours") * MONTH_HOURS,
        "network between zones": crossing_gb * value("network.between_zones_gb"),
        **_disk_and_operation(counted, parameters, f"rds.storage_{'multi_' if zones > 1 else ''}gb_months"),
    }


def managed_instances(traffic: Traffic, parameters: Parameters, *, functions: int, cpu_s: float) -> Costs:
    """Return the cost of the instances of Lambda Managed Instances. cpu_s: the functions' processor time for one request.

    Each function keeps a minimum of environments, and each of these has a whole vCPU at least.
    """
    value = parameters.value
    least = functions * value("lambda.managed_environments") * value("lambda.managed_vcpus")
    busy = traffic.mean * cpu_s / value("cpu.speed") / value("lambda.managed_utilisation")
    size = _size("ec2", MANAGED_SIZE, parameters)
    instances = np.ceil(np.maximum(least, busy) / size.vcpus)
    return {"managed instances": instances * size.price * (1 + value("lambda.managed_fee")) * MONTH_HOURS}


def _vcpus(traffic: Traffic, parameters: Parameters, share: float = 1.0) -> Traffic:
    """Return a share of the vCPUs that server and database need, with a reserve: a peak uses only a part of the capacity."""
    value = parameters.value
    for_one = share / (value(CAPACITY) * value("cpu.speed") * value("monolith.utilisation"))
    return Traffic("vCPUs", traffic.peak * for_one, traffic.mean * for_one)


def _tasks(load: Traffic, zones: int, parameters: Parameters) -> Floats:
    most = np.maximum(np.ceil(load.peak / parameters.value("fargate.task_vcpus")), zones)
    return np.asarray(zones + load.duty * (most - zones))


def _cheapest(family: str, names: tuple[str, ...], load: Traffic, parameters: Parameters) -> Floats:
    """Return the price an hour of the cheapest size that carries a load; infinite if none is large enough.

    A burstable size earns credits, so the mean may not exceed its baseline. Above the last name, sizes double.
    """
    sizes = [_size(family, name, parameters) for name in names]
    while sizes[-1].vcpus < parameters.value("instance.most_vcpus"):
        sizes.append(Size(*(2 * each for each in sizes[-1])))
    hourly = np.full_like(load.peak, np.inf)
    for size in sorted(sizes, reverse=True):
        hourly = np.where((load.peak <= size.vcpus) & (load.mean <= size.sustained), size.price, hourly)
    return hourly


def _size(family: str, name: str, parameters: Parameters) -> Size:
    value = parameters.value
    vcpus, baseline = value(f"instance.{name}.vcpus"), f"instance.{name}.baseline"
    sustained = vcpus * value(baseline) if baseline in parameters.figures else vcpus
    return Size(value(f"{family}.{name}"), vcpus, sustained)


def _disk_and_operation(counted: Counted, parameters: Parameters, storage: str) -> Costs:
    value = parameters.value
    return {
        "disk": np.maximum(counted.get(STORED, 0.0), value("database.storage_gb")) * value(storage),
        "alarms": value("monolith.alarms") * value("cloudwatch.alarm_months"),
        "secret": value("secrets.secret_months"),
    }
