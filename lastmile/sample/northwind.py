"""Northwind Freight: 1,240 people in nine departments, 904 of them eligible."""

from lastmile.sample.plan import Cell, Login, Named, Plan, Team

SERVICE = "Customer Service"
DISPATCH = "Dispatch and Operations"
WAREHOUSE = "Warehouse"
CLAIMS = "Billing and Claims"
SALES = "Sales"
FINANCE = "Finance"
PROCUREMENT = "Procurement and Fleet"
PEOPLE = "People and Legal"
DATA = "IT and Data"

DAY_DESK = "Support agent, day desk"
NIGHT_DESK = "Support agent, night desk"
SERVICE_LEAD = "Service team lead"
KEY_ADVISER = "Key account adviser"
APPRENTICE = "Service apprentice"
DISPATCHER = "Dispatcher"
LOAD_PLANNER = "Load planner"
COORDINATOR = "Operations coordinator"
DRIVER = "Yard driver"
SHIFT_LEAD = "Warehouse shift lead"
CONTROLLER = "Inventory controller"
SLOT_PLANNER = "Slotting planner"
PICKER = "Picker"
FORKLIFT = "Forklift driver"

_SERVICE_CELLS = (
    Cell(
        department=SERVICE,
        teams=(
            Team(
                name="Inbound phones",
                roles=((DAY_DESK, 42), (NIGHT_DESK, 18), (SERVICE_LEAD, 2)),
                without=((APPRENTICE, 4),),
                left=3,
                away=1,
                new=1,
            ),
        ),
        active=49,
        first=0.10,
        peak=0.24,
        peak_at=0.97,
        base=0.24,
        never=8,
        lapsed=2,
        weekend=0.05,
    ),
    Cell(
        department=SERVICE,
        teams=(
            Team(
                name="Email and chat",
                roles=((DAY_DESK, 47), (NIGHT_DESK, 22), (SERVICE_LEAD, 2)),
                without=((APPRENTICE, 4),),
                left=3,
                away=2,
                new=1,
            ),
        ),
        active=55,
        first=0.11,
        peak=0.25,
        peak_at=0.97,
        base=0.25,
        never=10,
        lapsed=2,
        weekend=0.05,
    ),
    Cell(
        department=SERVICE,
        teams=(
            Team(
                name="Key accounts",
                roles=((DAY_DESK, 20), (KEY_ADVISER, 16)),
                without=((APPRENTICE, 1),),
                left=1,
                away=1,
                new=1,
            ),
        ),
        active=21,
        first=0.06,
        peak=0.14,
        peak_at=0.97,
        base=0.14,
        never=11,
        lapsed=3,
    ),
    Cell(
        department=SERVICE,
        teams=(
            Team(
                name="Parcel tracing",
                roles=((DAY_DESK, 7), (NIGHT_DESK, 2), (SERVICE_LEAD, 2)),
                without=((APPRENTICE, 2),),
                left=1,
            ),
        ),
        active=5,
        first=0.09,
        peak=0.18,
        peak_at=0.9,
        base=0.18,
        never=4,
        lapsed=1,
    ),
    # Under five eligible people: must never be shown by itself.
    Cell(
        department=SERVICE,
        teams=(
            Team(
                name="Returns desk",
                roles=((DAY_DESK, 2), (SERVICE_LEAD, 2)),
                without=((APPRENTICE, 1),),
                new=1,
            ),
        ),
        active=1,
        first=0.0,
        peak=0.25,
        peak_at=0.9,
        base=0.25,
        never=2,
        lapsed=1,
    ),
)

_DISPATCH_CELL = Cell(
    department=DISPATCH,
    teams=(
        Team(
            name="Line haul",
            roles=((DISPATCHER, 64), (LOAD_PLANNER, 18), (COORDINATOR, 10)),
            without=(("Chief operating officer", 1), (DRIVER, 9)),
            left=3,
            away=2,
            new=2,
        ),
        Team(
            name="Regional",
            roles=((DISPATCHER, 60), (LOAD_PLANNER, 16), (COORDINATOR, 8)),
            without=((DRIVER, 9),),
            left=3,
            away=2,
            new=1,
        ),
        Team(
            name="Night control",
            roles=((DISPATCHER, 32), (LOAD_PLANNER, 7), (COORDINATOR, 4)),
            without=((DRIVER, 5),),
            left=1,
            away=1,
            new=1,
        ),
        Team(
            name="Yard",
            roles=((DISPATCHER, 10), (LOAD_PLANNER, 7), (COORDINATOR, 4)),
            without=((DRIVER, 4),),
            left=1,
            new=1,
        ),
    ),
    active=132,
    first=0.30,
    peak=0.44,
    peak_at=0.35,
    base=0.26,
    never=84,
    lapsed=10,
    weekend=0.08,
)

_WAREHOUSE_CELL = Cell(
    department=WAREHOUSE,
    teams=(
        Team(
            name="Depot North",
            roles=((SHIFT_LEAD, 8), (CONTROLLER, 15), (SLOT_PLANNER, 11)),
            without=((PICKER, 50), (FORKLIFT, 22)),
            left=3,
            away=2,
            new=2,
        ),
        Team(
            name="Depot South",
            roles=((SHIFT_LEAD, 7), (CONTROLLER, 13), (SLOT_PLANNER, 10)),
            without=((PICKER, 42), (FORKLIFT, 20)),
            left=3,
            away=1,
            new=1,
        ),
        Team(
            name="Depot East",
            roles=((SHIFT_LEAD, 5), (CONTROLLER, 9), (SLOT_PLANNER, 6)),
            without=((PICKER, 34), (FORKLIFT, 12)),
            left=2,
            away=1,
            new=1,
        ),
        Team(
            name="Cold store",
            roles=((SHIFT_LEAD, 4), (CONTROLLER, 5), (SLOT_PLANNER, 3)),
            without=((PICKER, 16), (FORKLIFT, 8)),
            left=1,
            away=1,
        ),
    ),
    active=31,
    first=0.04,
    peak=0.15,
    peak_at=0.98,
    base=0.15,
    never=56,
    lapsed=4,
    weekend=0.06,
)

_OFFICE_CELLS = (
    Cell(
        department=CLAIMS,
        teams=(
            Team(
                name="Claims desk",
                roles=(("Claims adjuster", 46), ("Head of claims", 2)),
                left=1,
                away=1,
                new=1,
            ),
            Team(
                name="Invoicing",
                roles=(("Invoice clerk", 38), ("Billing lead", 2)),
                left=1,
                away=1,
                new=1,
            ),
        ),
        active=61,
        first=0.24,
        peak=0.47,
        peak_at=0.95,
        base=0.47,
        never=12,
        lapsed=4,
    ),
    # Tenders has four eligible people, so one more team has to be hidden with it.
    Cell(
        department=SALES,
        teams=(
            Team(
                name="Regional sales",
                roles=(("Sales representative", 84),),
                left=2,
                away=1,
                new=2,
            ),
            Team(name="Key clients", roles=(("Key client manager", 14),), new=1),
            Team(name="Tenders", roles=(("Tender writer", 4),)),
        ),
        active=58,
        first=0.0,
        peak=0.40,
        peak_at=0.95,
        base=0.40,
        never=31,
        lapsed=6,
    ),
    # The nameless team sits directly in the department.
    Cell(
        department=FINANCE,
        teams=(
            Team(
                name="Accounting",
                roles=(("Accountant", 30), ("Accounts payable clerk", 12)),
                left=1,
                new=1,
            ),
            Team(name="Controlling", roles=(("Controller", 14),), away=1, new=1),
            Team(name="", roles=(("Finance director", 2),)),
        ),
        active=33,
        first=0.15,
        peak=0.36,
        peak_at=0.95,
        base=0.36,
        never=18,
        lapsed=3,
    ),
    Cell(
        department=PROCUREMENT,
        teams=(
            Team(name="Purchasing", roles=(("Buyer", 34),), left=1, away=1, new=1),
            Team(
                name="Fleet",
                roles=(("Fleet coordinator", 18),),
                without=(("Fleet mechanic", 14),),
                left=1,
                new=1,
            ),
        ),
        active=19,
        first=0.13,
        peak=0.35,
        peak_at=0.95,
        base=0.346,
        never=26,
        lapsed=3,
    ),
    # Falls from its height: the department behind which the decay alarm should ring.
    Cell(
        department=PEOPLE,
        teams=(
            Team(
                name="People",
                roles=(("HR partner", 14), ("Recruiter", 12)),
                without=(("Programme lead", 1), ("HR trainee", 1)),
                left=1,
                new=1,
            ),
            Team(name="Legal", roles=(("Legal counsel", 12),), away=1),
        ),
        active=12,
        first=0.30,
        peak=0.66,
        peak_at=0.5,
        base=0.345,
        never=11,
    ),
    # Seats for everybody; seven are idle.
    Cell(
        department=DATA,
        teams=(
            Team(name="Engineering", roles=(("Software engineer", 24),)),
            Team(name="Data", roles=(("Data engineer", 12), ("Analyst", 10))),
        ),
        active=39,
        first=0.44,
        peak=0.66,
        peak_at=0.95,
        base=0.65,
        never=5,
    ),
)

NORTHWIND = Plan(
    slug="northwind-freight",
    name="Northwind Freight",
    domain="northwind.example",
    time_zone="America/Chicago",
    currency="USD",
    weeks=44,
    sprint_day=52,
    seed=20_261_125,
    cells=(*_SERVICE_CELLS, _DISPATCH_CELL, _WAREHOUSE_CELL, *_OFFICE_CELLS),
    named=(
        Named(name="Elena Marsh", job_role="Programme lead"),
        Named(name="Grace Okafor", job_role="Chief operating officer"),
        Named(name="Tomás Rivera", job_role=SERVICE_LEAD, keen=True),
        Named(name="Kofi Nkansah", job_role=NIGHT_DESK, keen=True),
        Named(name="Bo Chen", job_role=DAY_DESK, keen=True),
        Named(name="Priya Raman", job_role=KEY_ADVISER, keen=True),
        Named(name="Noor Haddad", job_role=COORDINATOR, keen=True),
        Named(name="Owen Pryce", job_role=SHIFT_LEAD),
        Named(name="Ines Duarte", job_role="Head of claims", keen=True),
        Named(name="Marcus Boyd", job_role="Key client manager", keen=True),
        Named(name="Lena Fischer", job_role="Finance director"),
        Named(name="Hana Sato", job_role="Buyer", keen=True),
        Named(name="Sofia Lindgren", job_role="HR partner"),
        Named(name="Ravi Menon", job_role="Data engineer", keen=True),
        Named(name="Asha Bell", job_role="Analyst", keen=True),
    ),
    logins=(
        Login(role="administrator", name="Asha Bell", email="asha.bell@northwind.example"),
        Login(role="program_lead", name="Elena Marsh", email="elena.marsh@northwind.example"),
        Login(
            role="champion",
            name="Tomás Rivera",
            email="tomas.rivera@northwind.example",
            department=SERVICE,
        ),
        Login(role="executive", name="Grace Okafor", email="grace.okafor@northwind.example"),
        Login(role="facilitator", name="Jonas Lindqvist", email="jonas@lindqvist.example"),
        Login(role="member", name="Kofi Nkansah", email="kofi.nkansah@northwind.example"),
        Login(role="auditor", name="Works council", email="works.council@northwind.example"),
    ),
    meeting_people=160,
    zombie_people=61,
    trouble=True,
)
