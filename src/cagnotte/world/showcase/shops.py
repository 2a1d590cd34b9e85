"""The shops of the showcase; none of them exists."""

from typing import NamedTuple

CATEGORIES = (
    ("fashion", "Fashion", "Mode", "shopping-bag"),
    ("home", "Home", "Maison", "house"),
    ("tech", "Electronics", "High-tech", "laptop"),
    ("travel", "Travel", "Voyage", "map-pin"),
    ("beauty", "Beauty", "Beauté", "sparkles"),
    ("sports", "Sports", "Sport", "timer"),
    ("food", "Food and drink", "Gastronomie", "shopping-cart"),
    ("culture", "Books and games", "Culture et jeux", "book-open"),
    ("children", "Children", "Enfants", "gift"),
    ("garden", "Garden and pets", "Jardin et animaux", "sun"),
)
"""(reference, name in English, name in French, icon)."""


class Shop(NamedTuple):
    """A shop.

    Attributes:
        rate_bps: of what the member pays; 0 where `fixed` is given instead, minor units an order.
        commission_bps: what the shop pays of the order; with `fixed`, what it pays is half as much again.
        basket: a usual order, in euros. network: 0 to 2; None for a shop that sells in its own stores.
        confirms: least and most days until it answers. declines_bps: of orders.
        boost_bps: of an operation that is on now; before_bps: the rate until some months ago, 0 for the same.
        claims: whether it answers claims.
    """

    ref: str
    name: str
    category: str
    english: str
    french: str
    rate_bps: int
    commission_bps: int
    basket: int
    network: int | None = 0
    confirms: tuple[int, int] = (18, 40)
    declines_bps: int = 300
    boost_bps: int = 0
    before_bps: int = 0
    fixed: int = 0
    claims: bool = True


SHOPS = (
    Shop("atelier-nord", "Atelier Nord", "fashion", "Coats and knitwear made to last.",
         "Des manteaux et des mailles faits pour durer.", 500, 900, 95, boost_bps=900),
    Shop("lin-et-coton", "Lin & Coton", "fashion", "Linen and cotton, in every colour of the sea.",
         "Du lin et du coton, dans toutes les couleurs de la mer.", 350, 600, 70, 1, (25, 50)),
    Shop("sabot-rouge", "Sabot Rouge", "fashion", "Shoes for feet that walk.",
         "Des chaussures pour des pieds qui marchent.", 400, 700, 85, 2, before_bps=250),
    Shop("grande-allee", "Grande Allée", "fashion", "Two hundred brands, one wardrobe.",
         "Deux cents marques, une seule garde-robe.", 250, 450, 110, 0, (30, 60), 800),
    Shop("chez-colette", "Chez Colette", "home", "Tableware for long dinners.",
         "La vaisselle des longs dîners.", 600, 1000, 60, 1),
    Shop("bois-clair", "Bois Clair", "home", "Furniture of beech and ash, delivered in two weeks.",
         "Des meubles en hêtre et en frêne, livrés en deux semaines.", 300, 520, 320, 0, (35, 55), 500, 450),
    Shop("la-lampe", "La Lampe", "home", "Light for every corner.", "De la lumière pour chaque recoin.",
         700, 1200, 75, 2, before_bps=500),
    Shop("drap-d-or", "Drap d’Or", "home", "Bed linen you want to stay in.",
         "Du linge de lit où l’on veut rester.", 450, 800, 120, 1, (20, 35)),
    Shop("pixelier", "Pixelier", "tech", "Computers, cameras, and people who know them.",
         "Ordinateurs, appareils photo, et des gens qui s’y connaissent.", 150, 300, 420, 0, (30, 45), 600),
    Shop("voltea", "Voltéa", "tech", "Household appliances that can be repaired.",
         "De l’électroménager réparable.", 200, 380, 350, 1, (28, 42), 400, 350),
    Shop("casque-et-co", "Casque & Co", "tech", "Headphones, and nothing else.", "Des casques, et rien d’autre.",
         500, 850, 130, 2),
    Shop("reparo", "Réparo", "tech", "Phones made good as new.", "Des téléphones remis à neuf.",
         0, 0, 240, 0, (30, 40), 500, fixed=1200),
    Shop("escale", "Escale", "travel", "Small hotels with a view.", "De petits hôtels avec vue.",
         600, 1000, 260, 0, (45, 90), 1200, 800),
    Shop("rail-libre", "Rail Libre", "travel", "Night trains across the continent.",
         "Des trains de nuit à travers le continent.", 200, 350, 90, 1, (40, 60), 700),
    Shop("bagage-cabine", "Bagage Cabine", "travel", "Luggage that fits.", "Des bagages qui passent.",
         650, 1100, 115, 2),
    Shop("nuit-calme", "Nuit Calme", "travel", "Cabins far from everything.", "Des cabanes loin de tout.",
         0, 0, 210, 0, (50, 95), 1000, fixed=1500, claims=False),
    Shop("rose-des-sables", "Rose des Sables", "beauty", "Skin care from the oasis.",
         "Des soins venus de l’oasis.", 800, 1400, 48, 1, boost_bps=1200),
    Shop("savonnerie-du-port", "Savonnerie du Port", "beauty", "Soap, cut by hand since 1921.",
         "Du savon coupé à la main depuis 1921.", 550, 900, 32, 2, (15, 28)),
    Shop("herbea", "Herbéa", "beauty", "Plants that do you good.", "Des plantes qui font du bien.",
         600, 1000, 41, 0, (20, 36)),
    Shop("grimpe", "Grimpe", "sports", "Everything for going up.", "Tout pour monter.", 400, 700, 98, 1),
    Shop("pedale-douce", "Pédale Douce", "sports", "Bicycles for every day.", "Des vélos pour tous les jours.",
         250, 430, 180, 2, (25, 45), 400, 400),
    Shop("foulee", "Foulée", "sports", "Running shoes, chosen by your stride.",
         "Des chaussures de course choisies selon votre foulée.", 450, 800, 105, 0, before_bps=300),
    Shop("vague", "Vague", "sports", "Swim, surf, dive.", "Nager, surfer, plonger.", 500, 900, 66, 1, (22, 38)),
    Shop("la-bonne-cave", "La Bonne Cave", "food", "Wines of people we have met.",
         "Les vins de gens que nous avons rencontrés.", 500, 850, 84, 2, (16, 30)),
    Shop("epicerie-zeste", "Épicerie Zeste", "food", "Spices, oils and small surprises.",
         "Des épices, des huiles et de petites surprises.", 600, 1000, 39, 0, (14, 26), 200, 900),
    Shop("the-d-orage", "Thé d’Orage", "food", "Teas for grey afternoons.", "Des thés pour les après-midi gris.",
         700, 1200, 34, 1, (14, 24)),
    Shop("marche-des-halles", "Marché des Halles", "food", "Your market hall, in eleven towns.",
         "Vos halles, dans onze villes.", 200, 350, 46, None, (10, 16), 60),
    Shop("pain-perdu", "Pain Perdu", "food", "The bakery at the corner.", "La boulangerie du coin.",
         300, 500, 9, None, (7, 12), 40),
    Shop("librairie-plume", "Librairie Plume", "culture", "Books, and advice that is meant.",
         "Des livres, et des conseils sincères.", 300, 500, 36, 2, (15, 26), 150),
    Shop("vinyle-33", "Vinyle 33", "culture", "Records, new and heard.", "Des disques, neufs et écoutés.",
         500, 900, 42, 0, (20, 34)),
    Shop("ludo", "Ludo", "culture", "Games for two to twelve.", "Des jeux de deux à douze.", 450, 780, 38, 1,
         (18, 32), 250, 700),
    Shop("petit-chou", "Petit Chou", "children", "Clothes that grow along.", "Des vêtements qui grandissent aussi.",
         500, 900, 54, 2, (20, 38)),
    Shop("doudou-et-cie", "Doudou & Cie", "children", "Soft friends.", "Des amis tout doux.", 650, 1100, 29, 0),
    Shop("cartable", "Cartable", "children", "Everything for school.", "Tout pour l’école.", 400, 700, 47, 1,
         before_bps=600),
    Shop("jardin-facile", "Jardin Facile", "garden", "A garden in an afternoon.", "Un jardin en un après-midi.",
         500, 850, 78, 2, (24, 42), 350),
    Shop("graines-du-coin", "Graines du Coin", "garden", "Seeds of old varieties.",
         "Des graines de variétés anciennes.", 800, 1300, 24, 0, (12, 22), 100),
    Shop("patte-douce", "Patte Douce", "garden", "For cats, dogs and their people.",
         "Pour les chats, les chiens et leurs gens.", 350, 600, 44, 1, (18, 30), 200, 600),
)  # fmt: skip
