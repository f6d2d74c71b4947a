"""Customers of an invented telephone company, made by a seeded generator: no record is about a real person.

Every customer is drawn by itself. How likely they are to leave follows from a formula (`_churn_logit`) with two effects
that a linear model cannot see (contacts with the support weigh more on monthly contracts, and charges hurt more above
80 EUR), so a model that is right about everything else still has room to be wrong.
"""

import numpy as np

CONTRACTS = ["monthly", "one-year", "two-year"]
PLANS = ["basic", "standard", "premium"]
CHANNELS = ["web", "shop", "partner", "telephone"]

BASE_CHARGE = {"basic": 19.0, "standard": 39.0, "premium": 69.0}
"""EUR a month, before extras."""


def generate(rows: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Columns of [rows] by name, and [rows] of 1 for a customer who left within 90 days and 0 for one who stayed."""
    random = np.random.default_rng(seed)
    customers = _draw_customers(random, rows)
    left = random.random(rows) < 1 / (1 + np.exp(-_churn_logit(customers)))
    answered = random.random(rows) < np.where(left, 0.55, 0.75)
    customers["satisfaction"] = np.where(answered, customers["satisfaction"], np.nan)
    return customers, left.astype(np.int64)


def _draw_customers(random: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    contract = random.choice(CONTRACTS, rows, p=[0.5, 0.3, 0.2])
    plan = random.choice(PLANS, rows, p=[0.4, 0.4, 0.2])
    channel = random.choice(CHANNELS, rows, p=[0.45, 0.25, 0.2, 0.1])
    mean_tenure = np.where(contract == "monthly", 18, 34)
    tenure_months = np.minimum(random.gamma(1.5, mean_tenure / 1.5), 180).astype(np.int64)
    base_charge = np.array([BASE_CHARGE[name] for name in plan])
    support_contacts = random.poisson(1.2, rows)
    return {
        "tenure_months": tenure_months,
        "monthly_charge": np.round(base_charge + random.gamma(2, 6, rows), 2).clip(max=200),
        "support_contacts": support_contacts,
        "satisfaction": np.round(random.normal(7.5 - 0.6 * support_contacts, 1.5)).clip(1, 10),
        "age": np.round(random.normal(46, 16, rows)).clip(18, 95).astype(np.int64),
        "autopay": random.random(rows) < 0.6,
        "contract": contract,
        "plan": plan,
        "channel": channel,
    }


def _churn_logit(customers: dict[str, np.ndarray]) -> np.ndarray:
    """[rows] of log odds of leaving."""
    monthly = customers["contract"] == "monthly"
    return (
        -0.6
        - 0.025 * customers["tenure_months"]
        + 0.008 * customers["monthly_charge"]
        + 0.03 * np.maximum(customers["monthly_charge"] - 80, 0)
        + np.where(monthly, 0.35, 0.15) * customers["support_contacts"]
        - 0.35 * (customers["satisfaction"] - 6)
        - 0.012 * (customers["age"] - 46)
        - 0.5 * customers["autopay"]
        - 0.9 * (customers["contract"] == "one-year")
        - 1.6 * (customers["contract"] == "two-year")
        + 0.4 * (customers["channel"] == "telephone")
        + 0.2 * (customers["channel"] == "partner")
    )
