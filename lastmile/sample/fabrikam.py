"""Fabrikam Parcel: a second, small organization with keys, addresses and names of the first.

Whoever mixes two organizations anywhere sees it here: the same initiative keys, department names,
external ids and vendor ids, and several of the same people's addresses.
"""

from lastmile.sample import northwind
from lastmile.sample.plan import Cell, Login, Named, Plan, Team

# People who work for both, under the first one's address.
SHARED = (
    ("Elena Marsh", "Programme lead", "elena.marsh"),
    ("Bo Chen", northwind.DAY_DESK, "bo.chen"),
    ("Kofi Nkansah", northwind.DAY_DESK, "kofi.nkansah"),
    ("Noor Haddad", northwind.DISPATCHER, "noor.haddad"),
    ("Ines Duarte", "Claims adjuster", "ines.duarte"),
    ("Marcus Boyd", "Sales representative", "marcus.boyd"),
    ("Ravi Menon", "Software engineer", "ravi.menon"),
)

FABRIKAM = Plan(
    slug="fabrikam-parcel",
    name="Fabrikam Parcel",
    domain="fabrikam.example",
    time_zone="Europe/Berlin",
    currency="EUR",
    weeks=13,
    sprint_day=31,
    seed=20_261_126,
    cells=(
        Cell(
            department=northwind.SERVICE,
            teams=(
                Team(name="Inbound phones", roles=((northwind.DAY_DESK, 8),), left=1, new=1),
                Team(name="Email and chat", roles=((northwind.DAY_DESK, 8),)),
            ),
            active=9,
            first=0.25,
            peak=0.45,
            peak_at=0.9,
            base=0.44,
            never=4,
        ),
        Cell(
            department=northwind.DISPATCH,
            teams=(
                Team(
                    name="",
                    roles=((northwind.DISPATCHER, 14),),
                    without=(("Programme lead", 1), (northwind.DRIVER, 1)),
                ),
            ),
            active=6,
            first=0.5,
            peak=0.5,
            peak_at=0.2,
            base=0.5,
            never=5,
        ),
        Cell(
            department=northwind.CLAIMS,
            teams=(Team(name="", roles=(("Claims adjuster", 8),), away=1),),
            active=3,
            first=0.25,
            peak=0.4,
            peak_at=0.9,
            base=0.375,
            never=4,
        ),
        Cell(
            department=northwind.SALES,
            teams=(Team(name="", roles=(("Sales representative", 8),)),),
            active=4,
            first=0.25,
            peak=0.5,
            peak_at=0.9,
            base=0.5,
            never=2,
        ),
        Cell(
            department=northwind.FINANCE,
            teams=(Team(name="", roles=(("Accountant", 4),)),),
            active=2,
            first=0.25,
            peak=0.5,
            peak_at=0.5,
            base=0.5,
            never=1,
        ),
        Cell(
            department=northwind.DATA,
            teams=(Team(name="", roles=(("Software engineer", 6),)),),
            active=5,
            first=0.5,
            peak=0.67,
            peak_at=0.8,
            base=0.67,
            never=1,
        ),
    ),
    named=(
        *(
            Named(name=name, job_role=role, email=f"{address}@{northwind.NORTHWIND.domain}")
            for name, role, address in SHARED
        ),
        Named(name="Mia Hoffmann", job_role="Accountant"),
        Named(name="Emre Aydin", job_role="Claims adjuster", keen=True),
    ),
    logins=(
        Login(role="administrator", name="Ruth Vogel", email="ruth.vogel@fabrikam.example"),
        Login(role="program_lead", name="Elena Marsh", email="elena.marsh@northwind.example"),
        Login(
            role="champion",
            name="Jana Petrova",
            email="jana.petrova@fabrikam.example",
            department=northwind.SERVICE,
        ),
        Login(role="executive", name="Karl Brandt", email="karl.brandt@fabrikam.example"),
        Login(role="facilitator", name="Nils Dahl", email="nils@dahl.example"),
        Login(role="member", name="Emre Aydin", email="emre.aydin@fabrikam.example"),
        Login(role="auditor", name="Betriebsrat", email="betriebsrat@fabrikam.example"),
    ),
    meeting_people=12,
    zombie_people=0,
    trouble=False,
)
