<?php

declare(strict_types=1);

namespace Cagnotte\Shop;

/** What the plugins say, in French. A translation that the shop installed itself goes before it. */
final class French
{
    public const SENTENCES = [
        // At the checkout.
        'Pay with your cagnotte' => 'Payer avec votre cagnotte',
        'You have %s. Type how much this order may take.'
            => 'Vous avez %s. Indiquez combien utiliser pour cette commande.',
        'Apply' => 'Appliquer',
        'Cagnotte' => 'Cagnotte',
        'Type an amount such as 12.50 for your cagnotte, or leave it empty.'
            => 'Indiquez un montant, par exemple 12,50, ou laissez le champ vide.',
        'Your cagnotte has changed. Look at the new total and order again.'
            => 'Votre cagnotte a changé. Vérifiez le nouveau total et validez à nouveau.',
        'Your cagnotte cannot be reached now. Try again, or order without it.'
            => 'Votre cagnotte est momentanément indisponible. Réessayez, ou commandez sans elle.',
        'Your cagnotte cannot pay this amount. Look at the new total and order again.'
            => 'Votre cagnotte ne peut pas payer ce montant. Vérifiez le nouveau total et validez à nouveau.',
        'Your cagnotte cannot pay this amount. Look at what is there and choose again.'
            => 'Votre cagnotte ne peut pas payer ce montant. Vérifiez le solde et choisissez à nouveau.',
        'There is nothing that your cagnotte could pay here.' => 'Votre cagnotte n’a rien à payer ici.',
        'This basket was ordered already.' => 'Ce panier a déjà été commandé.',
        'The page was too old. Try again.' => 'La page était trop ancienne. Réessayez.',
        // In orders.
        '%s went back to the customer’s cagnotte. If the order goes on after all, ask for it.'
            => '%s ont été rendus à la cagnotte du client. Si la commande se poursuit, demandez-les-lui.',
        'The cagnotte’s part, %1$s, could not be taken: %2$s Ask the customer for it.'
            => 'La part de la cagnotte, %1$s, n’a pas pu être prélevée : %2$s Demandez-la au client.',
        'The cagnotte’s part, %1$s, could not be put back: %2$s'
            => 'La part de la cagnotte, %1$s, n’a pas pu être rendue : %2$s',
        // For the shopkeeper.
        'Tells Cagnotte of orders, and lets members pay with it.'
            => 'Transmet les commandes à Cagnotte, et permet de payer avec.',
        'Cashback: tells of orders, lets members pay with it, shows what products earn.'
            => 'Cashback : transmet les commandes, permet de payer avec, affiche ce que rapporte chaque produit.',
        'Cagnotte could not be told of these orders: %s.' => 'Ces commandes n’ont pas pu être transmises à Cagnotte : %s.',
        'Cagnotte could not be told of these orders or baskets: %s.'
            => 'Ces commandes ou paniers n’ont pas pu être transmis à Cagnotte : %s.',
        'For the cron of your machine, every few minutes:' => 'Pour le cron de votre machine, toutes les quelques minutes :',
        'Member number' => 'Numéro de membre',
        'Save' => 'Enregistrer',
        'Saved.' => 'Enregistré.',
        // Settings.
        'Address for orders' => 'Adresse pour les commandes',
        'Address for orders: what “cagnotte sources address” prints'
            => 'Adresse pour les commandes : ce qu’affiche « cagnotte sources address »',
        'What “cagnotte sources address” prints for your source of the kind woocommerce.'
            => 'Ce qu’affiche « cagnotte sources address » pour votre source woocommerce.',
        'Secret for orders' => 'Secret pour les commandes',
        'Secret for orders: the same as the source’s webhook_secret'
            => 'Secret pour les commandes : le même que webhook_secret de la source',
        'A long random text, the same as the source’s webhook_secret.'
            => 'Un long texte aléatoire, le même que webhook_secret de la source.',
        'Days a click is kept' => 'Jours pendant lesquels un clic est gardé',
        'Tell e-mail addresses' => 'Transmettre les adresses e-mail',
        'Tell e-mail addresses; ask your customers for consent first'
            => 'Transmettre les adresses e-mail ; demandez d’abord le consentement de vos clients',
        'Finds members who came without a click. Ask your customers for consent first.'
            => 'Retrouve les membres venus sans clic. Demandez d’abord le consentement de vos clients.',
        'Address of Cagnotte' => 'Adresse de Cagnotte',
        'Address of Cagnotte, such as https://cagnotte.example' => 'Adresse de Cagnotte, comme https://cagnotte.example',
        'Such as https://cagnotte.example.' => 'Comme https://cagnotte.example.',
        'Your shop’s ref in the programme' => 'La référence de votre boutique dans le programme',
        'Pay with the cagnotte' => 'Paiement avec la cagnotte',
        'Members may pay with their cagnotte' => 'Les membres peuvent payer avec leur cagnotte',
        'Members whose number stands in their profile may pay with it.'
            => 'Les membres dont le numéro figure dans leur profil peuvent payer avec.',
        'Secret key' => 'Clé secrète',
        'Secret key, with the scopes members:read, cagnottes:read, holds:read, holds:write'
            => 'Clé secrète, avec les droits members:read, cagnottes:read, holds:read, holds:write',
        'cag_live_sk_…, with the scopes members:read, cagnottes:read, holds:read, holds:write.'
            => 'cag_live_sk_…, avec les droits members:read, cagnottes:read, holds:read, holds:write.',
        'Badge on product pages' => 'Badge sur les pages des produits',
        'Shows what a product earns.' => 'Affiche ce que rapporte un produit.',
        'Publishable key' => 'Clé publique',
        'Publishable key, made for the address of this shop; empty: no badge'
            => 'Clé publique, faite pour l’adresse de cette boutique ; vide : pas de badge',
        'cag_live_pk_…, made for the address of this shop.' => 'cag_live_pk_…, faite pour l’adresse de cette boutique.',
        '“%s” must begin with https://; it stays as it was.' => '« %s » doit commencer par https:// ; rien n’a changé.',
        'An address must begin with https://.' => 'Une adresse doit commencer par https://.',
        'The days must be a number from 1 to 999.' => 'Les jours doivent être un nombre de 1 à 999.',
        'This is no publishable key: every visitor would read it.'
            => 'Ce n’est pas une clé publique : chaque visiteur la lirait.',
        'The secret key begins with cag_live_sk_ or cag_test_sk_.'
            => 'La clé secrète commence par cag_live_sk_ ou cag_test_sk_.',
    ];
}
