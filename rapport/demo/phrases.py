"""What customers and colleagues say: the words of cases, calls, visits and notes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """A thing that goes wrong, as the customer puts it, and how it ends."""

    title: str  # may name {order}, {promised}, {km}, {n} and {bikes}
    quote: str
    ending: str
    days: tuple[float, float]  # from opened to solved
    tag: str = ""
    private: bool = False  # only a private person has it


LATE = (
    Trouble(
        "Order {order} has not come",
        "It was promised for {promised} and nobody called.",
        "Called the driver, delivered, gave back the shipping costs.",
        (0.1, 2.5),
    ),
    Trouble(
        "Where is order {order}?",
        "I took the day off for the delivery. Please tell me a day I can count on.",
        "Agreed on a new day by phone and kept it.",
        (0.1, 2),
        private=True,
    ),
    Trouble(
        "Delivery came too late for us",
        "We needed it on {promised}. We hired a van instead.",
        "Paid half of the van. They were glad somebody listened.",
        (0.5, 4),
    ),
    Trouble(
        "Half of order {order} is missing",
        "The parcel came late, and then the lock was not in it.",
        "The lock was still on our bench. It went out the same day.",
        (0.2, 3),
    ),
)
BROKEN = (
    Trouble(
        "Brake pads worn after {km} km",
        "I notice longer stopping distances since last week.",
        "From the March batch. New pads fitted, free of charge.",
        (0.8, 4),
        "recall",
    ),
    Trouble(
        "Front axle rattles after {km} km",
        "Mostly on cobbles. Is it safe to ride with my daughter in the box?",
        "It was the axle nut. Sent the video, fixed at home in four minutes.",
        (0.1, 3),
        private=True,
    ),
    Trouble(
        "Charger does not switch on",
        "It blinks twice and then nothing. We ride at six tomorrow.",
        "Swapped the charger in the showroom.",
        (0.1, 2),
    ),
    Trouble(
        "Battery lasts half as long in the cold",
        "In October I did four days, now I do two. Is that normal?",
        "Explained what the cold does, updated the firmware, 20% better.",
        (0.3, 5),
    ),
    Trouble(
        "Display stays dark",
        "The bike rides but I see neither speed nor charge.",
        "New connector, ten minutes in the workshop.",
        (0.5, 6),
    ),
    Trouble(
        "Rain cover leaks at the seam",
        "The children arrive with wet knees.",
        "Sent a new cover, they may keep the old one for the garden.",
        (0.5, 5),
        private=True,
    ),
    Trouble(
        "Rear wheel squeaks",
        "Everybody hears me coming, bell or no bell.",
        "Chain tension. Sent the steps, it is quiet now.",
        (0.1, 2),
    ),
    Trouble(
        "Key broke off in the lock",
        "Half of it is still inside.",
        "Freed the lock, new set with a spare key by courier bike.",
        (0.1, 1.5),
    ),
    Trouble(
        "Scratch on the box when it arrived",
        "The packaging was open on one side.",
        "Sent touch-up paint and took €60 off.",
        (0.3, 4),
    ),
    Trouble(
        "Invoice needs our company name",
        "Our accountant cannot book it like this.",
        "Sent a corrected invoice.",
        (0.05, 1),
    ),
    Trouble(
        "Cannot sign in to the shop",
        "The reset mail never arrives.",
        "The address had a typo. Corrected, signed in.",
        (0.03, 0.8),
    ),
    Trouble(
        "Bike stolen in front of the house",
        "Everything was locked. The tracker shows it near the ring road.",
        "The police found it the same evening, thanks to the tracker.",
        (0.5, 9),
        private=True,
    ),
    Trouble(
        "Gears jump under load",
        "On the bridge with three children it slips.",
        "Cable stretched as new ones do. Tightened while they had coffee.",
        (0.4, 5),
        private=True,
    ),
)
FLEET_BROKEN = (
    Trouble(
        "Brake pads worn on {n} {bikes}",
        "Two riders noticed longer stopping distances this week. All of them are from the March batch.",
        "Recalled, pads replaced on the spot in two mornings.",
        (1, 6),
        "recall",
    ),
    Trouble(
        "{n} batteries do not charge fully",
        "They stop at 80 percent since the update.",
        "Rolled back the firmware on all of them.",
        (0.5, 4),
    ),
    Trouble(
        "Box lids do not close on {n} bikes",
        "The load gets wet and our customers complain.",
        "New hinges, fitted on site.",
        (1, 7),
    ),
    Trouble(
        "One bike down, need a replacement",
        "We are short of a rider’s bike until Friday.",
        "Lent them one from the pool the same day.",
        (0.1, 1),
    ),
    Trouble(
        "Spokes break on {n} {bikes}",
        "Third time this month, always the rear wheel.",
        "Stronger spokes on all of them, at our cost.",
        (1, 8),
    ),
    Trouble(
        "Two trackers went silent",
        "We cannot see where the bikes are since Sunday.",
        "New cards in both, tested on the ride home.",
        (0.4, 4),
    ),
)

# What was talked about, and what came of it.
CALLS_IN = (
    ("Asked for a workshop slot", "Gave them Thursday morning."),
    ("Asked whether leasing works for a second bike", "Sent the page on leasing. Decides after the summer."),
    ("Asked about a child seat for an older frame", "The seat fits with the second adapter. Will order online."),
    ("Wanted to know which battery fits", "The small one. Explained the difference in range."),
    ("Called to say thank you", "The bike replaced the second car. We may quote them."),
    ("Asked for help with the display", "Talked them through the settings. Works now."),
    ("Asked how to store the bike for two months", "Half charged, dry, tyres at full pressure. Sent the page."),
)
PROSPECT_CALLS_IN = (
    ("Asked about trying a bike with two children", "Saturday suits them. Told them how to find us."),
    ("Asked whether the bike fits through a door of 80 cm", "Box 3 does not, the Longtail does. Measures again."),
    ("Asked about the guarantee on the battery", "Four years. Pleased that used ones count too."),
    ("Asked how leasing works", "Sent the page. Talks to the employer."),
    ("Asked how long delivery takes", "Three weeks at the moment. No hurry."),
)
FLEET_CALLS_IN = (
    ("Asked for the state of a delivery", "Two bikes come on Thursday, the third a week later."),
    ("A rider had a puncture far from home", "Explained where the spare tube is. Wants a box of tubes."),
    ("Asked what fleet care costs for four more bikes", "Sent the price by mail."),
    ("Asked about a certificate for the insurance", "Sent it the same hour."),
    ("Wanted a second key for a lock", "Ordered it, comes with the next delivery."),
    ("Asked to move the check on site", "Moved to Tuesday at eight."),
    ("Asked whether a trailer may carry 150 kg", "It may. They think of two."),
)
CALLS_BACK = ("Called back", "Wanted prices for a trailer. Sent them by mail.")
FIRST_WEEKS = (
    ("Asked how the first weeks went", "Happy. The hill at the canal is no problem with two children."),
    ("Asked how the first weeks went", "Good, only the saddle is hard. Sent the wide one to try."),
    ("Asked how the first weeks went", "The car has not moved for ten days."),
    ("Asked how the first weeks went", "Still finds it long in narrow bends. Offered an hour with Lea."),
)
FLEET_CALLS_OUT = (
    ("Talked through the fleet’s state", "Two bikes stand still too often. Agreed on a check on site."),
    ("Asked about plans for next season", "Thinks of six more, the budget is decided in spring."),
    ("Told them about the new prices before the letter came", "Likes that we called first."),
    ("Offered brake pads before the winter", "Takes a set for each bike."),
    ("Talked about fleet care", "Wants a quote per bike and month."),
    ("Checked whether the last delivery was complete", "One lock was missing. Sent it the same day."),
    ("Asked what the riders say", "They love the lights and hate the bell. Sends us a louder one they found."),
    ("Asked how the van they kept is doing", "Stands still most days. Sells it in autumn."),
    ("Told them about the recall", "Calm. Wants it done without taking a bike off the road."),
    ("Offered a loan bike for the busy weeks", "Takes two in December."),
)
PROSPECT_CALLS_OUT = (
    ("Asked what holds them back", "Parking at the back door. Sent drawings of what other firms did."),
    ("Asked whether the quote left questions", "Wants to see a bike loaded. Next month perhaps."),
    ("Told them about the subsidy that ends this year", "Did not know. Talks to the accountant."),
    ("Asked whether it is still a topic", "Yes, but the decision moved to the next budget."),
)
SHOWROOM = (
    "Came to have the lights adjusted, stayed for coffee.",
    "Looked at rain covers. Wants the blue one when it is back.",
    "Brought the dog to try the ramp. It went up at the second go.",
    "Brought a friend who wanted to try one.",
    "Had the child seat moved to the second position.",
    "Asked about a second battery. Thinks it over.",
)
PROSPECT_SHOWROOM = (
    "Tried the Longtail with two children on the back. Worried about the kerb at home, less so afterwards.",
    "Tried Box 3 and Box 2 one after the other. Prefers the longer one, the shed decides.",
    "Rode the Shorttail around the block twice. Smiled.",
    "Asked about payload and stairs. Measured the box together.",
    "Came with the grandmother, who rode first.",
    "Compared the refurbished Longtail with the new one. Thinks it over.",
    "Wanted to see the colours in daylight. Moss it is.",
)
FLEET_SHOWROOM = (
    "Tried Box 3 with the cooling module, asked about payload.",
    "Brought two riders. They prefer the lower handlebar.",
    "Measured their crates in the box: six fit.",
    "Talked about lettering. Sends the logo.",
    "Looked at how the pool bikes are charged. Took pictures for the electrician.",
)
OWNER_NOTES = (
    "Second child on the way: a bench will come up.",
    "Rides 40 km a day. Tyres wear fast.",
    "Gave us permission to use the photo from the summer.",
    "Says what is wrong, kindly. Good for testing new things.",
    "Wants one invoice per quarter.",
)
NOTES = (
    "Prefers to be written to, does not like calls during work.",
    "Moves house in spring, ask for the new address before posting anything.",
    "Knows the people of Dock 12, heard of us there.",
    "Compares us with a leasing offer. Price per month matters more than the total.",
    "Reads everything we send and finds the typos.",
)
MEETINGS = (
    "Went through the numbers: 97% of the days every bike was on the road.",
    "They plan two more districts next year. Needs a price by the end of the quarter.",
    "Three riders complained about saddles. Sends us the models that fit.",
    "Agreed on monthly checks on site instead of pick-ups.",
    "Talked about batteries: two are down to 70%. They go on the list for spring.",
    "New head of operations joined. Explained from the start how fleet care works.",
    "Nothing open. Ten minutes on the weather, the rest on their new depot.",
)
CHECKED = (
    "new pads and a clean chain",
    "tyres rotated, brakes bled",
    "all fine, bolts tightened",
    "new chain, lights aligned",
    "spokes trued, firmware updated",
)
DECLINED = (
    "the budget went elsewhere",
    "they lease from somebody else",
    "no place to park them",
    "not this year",
    "the van stays for now",
)
RETURNED = ("does not fit", "ordered the wrong one", "other colour than hoped", "no longer needed")
